/**
 * The inner loop of the CRC-64 as a WebAssembly module, written down byte by byte: JavaScript has no fast 64-bit
 * integers, and this sum is over every byte that the server takes. In text form:
 *
 * ```
 * (memory (export "memory") PAGES)
 * (func (export "update") (param $crc i64) (param $at i32) (param $end i32) (result i64)
 *   (block (loop
 *     (br_if 1 (i32.ge_u (local.get $at) (local.get $end)))
 *     (local.set $crc (i64.xor (local.get $crc) (i64.load (local.get $at))))
 *     (local.set $crc (i64.xor … eight times …
 *       (i64.load offset=(7 - k) * 2048
 *         (i32.wrap_i64 (i64.and (i64.shr_u (local.get $crc) (8 * k - 3)) 0x7f8)))))
 *     (local.set $at (i32.add (local.get $at) (i32.const 8)))
 *     (br 0)))
 *   (local.get $crc))
 * ```
 *
 * The memory holds the eight tables of 256 numbers at 0, and from {@link DATA_AT} on what is to be summed.
 */
export const DATA_AT = 16 * 1024;
/** The most bytes that are summed at a time: a chunk as sockets deliver them. */
export const DATA_BYTES = 64 * 1024;
const PAGES = 2;

const TABLE_BYTES = 2048;
const I32 = 0x7f;
const I64 = 0x7e;
const CRC = 0;
const AT = 1;
const END = 2;

const get = (local: number): number[] => [0x20, local];
const set = (local: number): number[] => [0x21, local];
const i64Const = (value: number): number[] => [0x42, ...signedLeb(value)];
const i64Load = (offset: number): number[] => [0x29, 3, ...leb(offset)];
const I32_CONST_8 = [0x41, 8];
const [I32_GE_U, I32_ADD, I64_AND, I64_XOR, I64_SHL, I64_SHR_U, I32_WRAP] = [0x4f, 0x6a, 0x83, 0x85, 0x86, 0x88, 0xa7];
const [BLOCK, LOOP, BR, BR_IF, END_OF, NO_RESULT] = [0x02, 0x03, 0x0c, 0x0d, 0x0b, 0x40];

/** The number that table `7 - k` has for byte `k` of the sum. */
function lookup(k: number): number[] {
  const shift = k === 0 ? [...i64Const(3), I64_SHL] : [...i64Const(8 * k - 3), I64_SHR_U];
  return [...get(CRC), ...shift, ...i64Const(0x7f8), I64_AND, I32_WRAP, ...i64Load((7 - k) * TABLE_BYTES)];
}

const BODY = [
  0, // no locals beside the parameters
  ...[BLOCK, NO_RESULT, LOOP, NO_RESULT],
  ...[...get(AT), ...get(END), I32_GE_U, BR_IF, 1],
  ...[...get(CRC), ...get(AT), ...i64Load(0), I64_XOR, ...set(CRC)],
  ...[...lookup(0), ...[1, 2, 3, 4, 5, 6, 7].flatMap((k) => [...lookup(k), I64_XOR]), ...set(CRC)],
  ...[...get(AT), ...I32_CONST_8, I32_ADD, ...set(AT), BR, 0],
  ...[END_OF, END_OF],
  ...get(CRC),
  END_OF,
];

/** The module's binary form. */
export const CRC64_MODULE = new Uint8Array([
  ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
  ...section(1, [1, 0x60, 3, I64, I32, I32, 1, I64]), // one type: (i64, i32, i32) -> i64
  ...section(3, [1, 0]), // one function of that type
  ...section(5, [1, 0, PAGES]), // one memory
  ...section(7, [2, ...name('memory'), 2, 0, ...name('update'), 0, 0]),
  ...section(10, [1, ...leb(BODY.length), ...BODY]),
]);

function section(id: number, content: number[]): number[] {
  return [id, ...leb(content.length), ...content];
}

function name(text: string): number[] {
  return [text.length, ...Buffer.from(text, 'latin1')];
}

/** An unsigned number in LEB128. */
function leb(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...leb(value >>> 7)];
}

/** A number that is not negative in signed LEB128: the last byte keeps its sign bit clear. */
function signedLeb(value: number): number[] {
  return value < 0x40 ? [value] : [(value & 0x7f) | 0x80, ...signedLeb(value >>> 7)];
}
