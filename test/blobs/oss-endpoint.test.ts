import { readOssEndpoint } from '../../src/blobs/oss/oss-endpoint';

test.each([
  ['http://oss-cn-hangzhou.aliyuncs.com', 'oss-cn-hangzhou'],
  ['https://oss-cn-hangzhou-internal.aliyuncs.com', 'oss-cn-hangzhou'],
  ['http://vpc100-oss-cn-beijing.aliyuncs.com', 'oss-cn-beijing'],
  ['http://oss-ap-southeast-1-internal.aliyuncs.com:80', 'oss-ap-southeast-1'],
  ['https://oss-cn-shanghai-finance-1-internal.aliyuncs.com', 'oss-cn-shanghai-finance-1'],
  ['https://cn-hongkong.oss.aliyuncs.com', 'oss-cn-hongkong'],
  ['https://oss-accelerate.aliyuncs.com', undefined],
  ['https://oss.aliyuncs.com', undefined],
  ['http://127.0.0.1:9402', undefined],
  ['http://oss.example.com', undefined],
])('the region in %s is %s', (endpoint, region) => {
  expect(readOssEndpoint(endpoint, undefined).region).toBe(region);
});

test('a given region goes before the one in the endpoint, with or without oss-', () => {
  expect(readOssEndpoint('https://oss-cn-hangzhou.aliyuncs.com', 'cn-beijing').region).toBe('oss-cn-beijing');
  expect(readOssEndpoint('http://127.0.0.1:1', 'oss-cn-beijing').region).toBe('oss-cn-beijing');
});

test.each([
  ['http://localhost:9402', true],
  ['http://oss:9402', true],
  ['http://oss.default.svc', true],
  ['http://127.0.0.1:9402', false],
  ['http://oss-cn-hangzhou.aliyuncs.com', false],
  ['http://oss.example.com', false],
])('the bucket of %s stands in the path: %s', (endpoint, pathStyle) => {
  expect(readOssEndpoint(endpoint, undefined).pathStyle).toBe(pathStyle);
});

test('a path behind the host is dropped, as a trailing slash often stands there', () => {
  expect(readOssEndpoint('http://oss-cn-hangzhou.aliyuncs.com/', undefined).endpoint).toBe(
    'http://oss-cn-hangzhou.aliyuncs.com',
  );
});

test.each([
  'oss-cn-hangzhou.aliyuncs.com',
  'ftp://host',
  'http://',
  'http://[::1]:80',
  'http://a:b@host',
  'http://h?x',
])('%s is no endpoint', (endpoint) => {
  expect(() => readOssEndpoint(endpoint, undefined)).toThrow(
    expect.objectContaining({ code: 'repository_settings_invalid' }),
  );
});

test('a region of odd characters is refused', () => {
  expect(() => readOssEndpoint('http://localhost', 'cn hangzhou')).toThrow(/no region/);
});
