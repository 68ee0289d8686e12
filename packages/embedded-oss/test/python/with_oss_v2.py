"""Puts an OSS server through its paces with alibabacloud-oss-v2: `with_oss_v2.py endpoint v1|v4`."""

import base64
import hashlib
import sys
import tempfile

import alibabacloud_oss_v2 as oss

from steps import KEYS, body_of, by_bytes, passed

endpoint, version = sys.argv[1:]
BUCKET = "snapshots"


def client_of(key_id="snapkeep", secret="snapkeep-secret", attempts=1):
    config = oss.config.load_default()
    config.credentials_provider = oss.credentials.StaticCredentialsProvider(key_id, secret)
    config.region = "cn-hangzhou"
    config.endpoint = endpoint
    config.signature_version = version
    config.retry_max_attempts = attempts
    return oss.Client(config)


def refused(code, status, call):
    try:
        call()
    except oss.exceptions.OperationError as error:
        cause = error.unwrap()
        assert (cause.code, cause.status_code) == (code, status), (cause.code, cause.status_code, cause.message)
        return
    raise AssertionError(f"{code} expected")


client = client_of()


def put(key, body, **more):
    return client.put_object(oss.PutObjectRequest(bucket=BUCKET, key=key, body=body, **more))


def get(key, **more):
    return client.get_object(oss.GetObjectRequest(bucket=BUCKET, key=key, **more)).body.content


for key in KEYS:
    result = put(key, body_of(key))
    assert result.etag.strip('"') == hashlib.md5(body_of(key)).hexdigest().upper() and result.hash_crc64
    assert get(key) == body_of(key)
passed("put and get of odd keys")

put("meta", b"body", metadata={"purpose": "test"}, content_type="text/x-odd")
head = client.head_object(oss.HeadObjectRequest(bucket=BUCKET, key="meta"))
assert head.metadata["purpose"] == "test" and head.content_type == "text/x-odd" and head.content_length == 4
refused("NoSuchKey", 404, lambda: get("nothing"))
assert not client.is_object_exist(BUCKET, "nothing") and client.is_object_exist(BUCKET, "meta")
passed("head and metadata")

body = body_of("ranged", 100_000)
put("ranged", body)
assert get("ranged", range_header="bytes=10-4999") == body[10:5000]
assert get("ranged", range_header="bytes=99990-200000", range_behavior="standard") == body[99_990:]
passed("ranges")

put("once", b"first", forbid_overwrite=True)
refused("FileAlreadyExists", 409, lambda: put("once", b"second", forbid_overwrite=True))
assert get("once") == b"first"
passed("forbid overwrite")

right = base64.b64encode(hashlib.md5(b"body").digest()).decode()
put("md5", b"body", content_md5=right)
refused("BadDigest", 400, lambda: put("md5-wrong", b"other", content_md5=right))
passed("content md5")

everything = by_bytes(KEYS + ["meta", "ranged", "once", "md5"])
for paginator, request in [
    (client.list_objects_paginator(limit=3), oss.ListObjectsRequest(bucket=BUCKET)),
    (client.list_objects_v2_paginator(limit=3), oss.ListObjectsV2Request(bucket=BUCKET, fetch_owner=True)),
]:
    found = [one.key for page in paginator.iter_page(request) for one in page.contents or []]
    assert found == everything, found
page = client.list_objects_v2(oss.ListObjectsV2Request(bucket=BUCKET, delimiter="/", prefix="é/"))
assert [one.prefix for one in page.common_prefixes] == ["é/中/"]
passed("lists")

client.copy_object(oss.CopyObjectRequest(bucket=BUCKET, key="copy of é", source_key="é/中/😀"))
assert get("copy of é") == body_of("é/中/😀")
passed("copy")

parts = [body_of("part 1", 300_000), body_of("part 2", 7)]
upload = client.initiate_multipart_upload(oss.InitiateMultipartUploadRequest(bucket=BUCKET, key="in parts é")).upload_id
where = {"bucket": BUCKET, "key": "in parts é", "upload_id": upload}
done = []
for number, part in enumerate(parts, 1):
    result = client.upload_part(oss.UploadPartRequest(part_number=number, body=part, **where))
    done.append(oss.UploadPart(part_number=number, etag=result.etag))
assert [part.size for part in client.list_parts(oss.ListPartsRequest(**where)).parts] == [300_000, 7]
wanted = oss.CompleteMultipartUpload(parts=done)
client.complete_multipart_upload(oss.CompleteMultipartUploadRequest(complete_multipart_upload=wanted, **where))
assert get("in parts é") == b"".join(parts)
upload = client.initiate_multipart_upload(oss.InitiateMultipartUploadRequest(bucket=BUCKET, key="aborted")).upload_id
client.abort_multipart_upload(oss.AbortMultipartUploadRequest(bucket=BUCKET, key="aborted", upload_id=upload))
assert not client.list_multipart_uploads(oss.ListMultipartUploadsRequest(bucket=BUCKET)).uploads
passed("multipart")

objects = [oss.DeleteObject(key=key) for key in KEYS]
result = client.delete_multiple_objects(oss.DeleteMultipleObjectsRequest(bucket=BUCKET, objects=objects, encoding_type="url"))
assert sorted(one.key for one in result.deleted_objects) == sorted(KEYS)
quiet = client.delete_multiple_objects(oss.DeleteMultipleObjectsRequest(bucket=BUCKET, objects=objects[:2], quiet=True))
assert not quiet.deleted_objects
client.delete_object(oss.DeleteObjectRequest(bucket=BUCKET, key="meta"))
passed("deletes")

assert client.get_bucket_info(oss.GetBucketInfoRequest(bucket=BUCKET)).bucket_info.storage_class == "Standard"
assert [one.name for one in client.list_buckets(oss.ListBucketsRequest()).buckets] == ["cold", "snapshots"]
passed("bucket info")

once = oss.GetObjectRequest(bucket=BUCKET, key="once")
refused("SignatureDoesNotMatch", 403, lambda: client_of(secret="wrong").get_object(once))
refused("InvalidAccessKeyId", 403, lambda: client_of(key_id="unknown").get_object(once))
passed("bad secret")

put("corrupt", body_of("corrupt", 100_000))
with tempfile.TemporaryDirectory() as folder:
    try:
        # The server flips a bit of this object's body.
        client_of(attempts=2).get_object_to_file(oss.GetObjectRequest(bucket=BUCKET, key="corrupt"), folder + "/corrupt")
    except oss.exceptions.InconsistentError:
        passed("crc check")
