"""Puts an OSS server through its paces with oss2: `with_oss2.py endpoint v1|v4`. Any surprise is an exception."""

import base64
import hashlib
import sys
import tempfile

import oss2
from oss2.models import PartInfo

from steps import KEYS, body_of, by_bytes, passed

endpoint, version = sys.argv[1:]
auths = {"v1": oss2.Auth, "v4": oss2.AuthV4}


def bucket_of(key_id="snapkeep", secret="snapkeep-secret", name="snapshots"):
    session = oss2.Session()
    return oss2.Bucket(auths[version](key_id, secret), endpoint, name, session=session, region="cn-hangzhou")


def refused(code, status, call):
    try:
        call()
    except oss2.exceptions.OssError as error:
        assert (error.code, error.status) == (code, status), (error.code, error.status, error.message)
        assert error.request_id
        return
    raise AssertionError(f"{code} expected")


bucket = bucket_of()

for key in KEYS:
    put = bucket.put_object(key, body_of(key))
    assert put.etag == hashlib.md5(body_of(key)).hexdigest().upper()
    got = bucket.get_object(key)
    assert got.read() == body_of(key)
    assert got.client_crc == got.server_crc
passed("put and get of odd keys")

headers = {"x-oss-meta-purpose": "test", "Content-Type": "text/x-odd", "Cache-Control": "no-store"}
bucket.put_object("meta", b"body", headers=headers)
head = bucket.head_object("meta")
assert head.headers["x-oss-meta-purpose"] == "test" and head.content_type == "text/x-odd"
assert head.headers["Cache-Control"] == "no-store" and head.content_length == 4
assert bucket.get_object_meta("meta").content_length == 4
assert bucket.get_object("meta", params={"response-content-type": "text/html"}).content_type == "text/html"
refused("NoSuchKey", 404, lambda: bucket.get_object("nothing"))
assert not bucket.object_exists("nothing") and bucket.object_exists("meta")
passed("head and metadata")

body = body_of("ranged", 100_000)
bucket.put_object("ranged", body)
for start, end in [(0, 0), (0, 99), (5000, 69_999), (99_999, 99_999)]:
    got = bucket.get_object("ranged", byte_range=(start, end))
    assert got.status == 206 and got.read() == body[start : end + 1]
assert bucket.get_object("ranged", byte_range=(None, 10)).read() == body[-10:]
assert bucket.get_object("ranged", byte_range=(99_000, None)).read() == body[99_000:]
assert bucket.get_object("ranged", byte_range=(0, 500_000)).status == 200
standard = {"x-oss-range-behavior": "standard"}
assert bucket.get_object("ranged", byte_range=(99_990, 500_000), headers=standard).read() == body[99_990:]
refused("InvalidRange", 416, lambda: bucket.get_object("ranged", byte_range=(100_000, 100_001), headers=standard))
passed("ranges")

forbid = {"x-oss-forbid-overwrite": "true"}
bucket.put_object("once", b"first", headers=forbid)
refused("FileAlreadyExists", 409, lambda: bucket.put_object("once", b"second", headers=forbid))
refused("FileAlreadyExists", 409, lambda: bucket.copy_object("snapshots", "meta", "once", headers=forbid))
assert bucket.get_object("once").read() == b"first"
passed("forbid overwrite")

right = base64.b64encode(hashlib.md5(b"body").digest()).decode()
bucket.put_object("md5", b"body", headers={"Content-MD5": right})
refused("BadDigest", 400, lambda: bucket.put_object("md5-wrong", b"other", headers={"Content-MD5": right}))
refused("InvalidDigest", 400, lambda: bucket.put_object("md5-wrong", b"other", headers={"Content-MD5": "nonsense"}))
assert not bucket.object_exists("md5-wrong")
passed("content md5")

everything = by_bytes(KEYS + ["meta", "ranged", "once", "md5"])
for size in [1, 3, 100]:
    assert [found.key for found in oss2.ObjectIterator(bucket, max_keys=size)] == everything
    assert [found.key for found in oss2.ObjectIteratorV2(bucket, max_keys=size)] == everything
page = bucket.list_objects(prefix="é/")
assert [found.key for found in page.object_list] == ["é/中/😀"] and page.object_list[0].size == 2000
tops = list(oss2.ObjectIterator(bucket, delimiter="/", max_keys=2))
assert [found.key for found in tops if found.is_prefix()] == by_bytes({key.split("/")[0] + "/" for key in KEYS if "/" in key})
after = bucket.list_objects_v2(start_after="meta", max_keys=1000)
assert [found.key for found in after.object_list] == [key for key in everything if key.encode() > b"meta"]
passed("lists")

bucket.copy_object("snapshots", "é/中/😀", "copy of é")
assert bucket.get_object("copy of é").read() == body_of("é/中/😀")
refused("NoSuchKey", 404, lambda: bucket.copy_object("snapshots", "nothing", "copy"))
passed("copy")

parts = [body_of("part 1", 300_000), body_of("part 2", 200_000), body_of("part 3", 7)]
upload = bucket.init_multipart_upload("in parts é").upload_id
done = []
for number, part in enumerate(parts, 1):
    result = bucket.upload_part("in parts é", upload, number, part)
    done.append(PartInfo(number, result.etag, size=len(part), part_crc=result.crc))
listed = [found for found in oss2.PartIterator(bucket, "in parts é", upload, max_parts=2)]
assert [(found.part_number, found.size) for found in listed] == [(1, 300_000), (2, 200_000), (3, 7)]
assert [found.key for found in oss2.MultipartUploadIterator(bucket)] == ["in parts é"]
complete = bucket.complete_multipart_upload("in parts é", upload, done)
assert complete.etag.endswith("-3")
got = bucket.get_object("in parts é")
assert got.read() == b"".join(parts) and got.client_crc == got.server_crc
assert bucket.head_object("in parts é").object_type == "Multipart"
refused("NoSuchUpload", 404, lambda: bucket.upload_part("in parts é", upload, 1, b"x"))
upload = bucket.init_multipart_upload("copied parts").upload_id
etags = [bucket.upload_part_copy("snapshots", "in parts é", (0, 299_999), "copied parts", upload, 1).etag]
etags.append(bucket.upload_part_copy("snapshots", "in parts é", (300_000, 300_009), "copied parts", upload, 2).etag)
bucket.complete_multipart_upload("copied parts", upload, [PartInfo(at + 1, etag) for at, etag in enumerate(etags)])
assert bucket.get_object("copied parts").read() == b"".join(parts)[:300_010]
upload = bucket.init_multipart_upload("aborted").upload_id
bucket.upload_part("aborted", upload, 1, b"x")
bucket.abort_multipart_upload("aborted", upload)
refused("NoSuchUpload", 404, lambda: bucket.list_parts("aborted", upload))
upload = bucket.init_multipart_upload("refused").upload_id
first = bucket.upload_part("refused", upload, 1, b"small").etag
second = bucket.upload_part("refused", upload, 2, b"last").etag
refused("EntityTooSmall", 400, lambda: bucket.complete_multipart_upload("refused", upload, [PartInfo(1, first), PartInfo(2, second)]))
refused("InvalidPart", 400, lambda: bucket.complete_multipart_upload("refused", upload, [PartInfo(1, second)]))
assert not bucket.object_exists("aborted") and not bucket.object_exists("refused")
bucket.abort_multipart_upload("refused", upload)
passed("multipart")

deleted = bucket.batch_delete_objects(KEYS + ["never there"]).deleted_keys
assert sorted(deleted) == sorted(KEYS + ["never there"])
bucket.delete_object("meta")
bucket.delete_object("meta")
assert [found.key for found in oss2.ObjectIterator(bucket)] == by_bytes(["ranged", "once", "md5", "copy of é", "in parts é", "copied parts"])
passed("deletes")

assert bucket.get_bucket_info().storage_class == "Standard"
assert bucket.get_bucket_location().location == "oss-cn-hangzhou"
assert bucket.get_bucket_acl().acl == "private" and bucket.get_object_acl("once").acl == "default"
service = oss2.Service(auths[version]("snapkeep", "snapkeep-secret"), endpoint, region="cn-hangzhou")
assert [found.name for found in oss2.BucketIterator(service)] == ["cold", "snapshots"]
refused("NoSuchBucket", 404, lambda: bucket_of(name="other").get_object("x"))
passed("bucket info")

cold = bucket_of(name="cold")
cold.put_object("frozen", b"x")
refused("InvalidObjectState", 403, lambda: cold.get_object("frozen"))
assert cold.head_object("frozen").content_length == 1
passed("archive")

refused("SignatureDoesNotMatch", 403, lambda: bucket_of(secret="wrong").get_object("once"))
refused("InvalidAccessKeyId", 403, lambda: bucket_of(key_id="unknown").get_object("once"))
refused("SignatureDoesNotMatch", 403, lambda: bucket_of(secret="wrong").put_object("once", b"x" * 3_000_000))
passed("bad secret")

bucket.put_object("corrupt", body_of("corrupt", 100_000))
with tempfile.TemporaryDirectory() as folder:
    try:
        # The server flips a bit of this object's body.
        bucket.get_object_to_file("corrupt", folder + "/corrupt")
    except oss2.exceptions.InconsistentError:
        passed("crc check")
