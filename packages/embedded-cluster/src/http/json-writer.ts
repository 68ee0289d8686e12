import { Double, RawJson } from '../raw-json';

/**
 * Encodes a JSON value as bytes. Besides plain values it takes {@link RawJson} (copied byte for byte), {@link Double}
 * and bigint. `pretty` lays it out as Elasticsearch does; raw JSON stays as it is even then.
 */
export function encodeJson(value: unknown, pretty = false): Buffer {
  const writer = new JsonWriter(pretty);
  writer.write(value, '\n');
  if (pretty) writer.text += '\n';
  return writer.finish();
}

class JsonWriter {
  text = '';
  private readonly parts: Buffer[] = [];

  constructor(private readonly pretty: boolean) {}

  finish(): Buffer {
    this.flush();
    return this.parts.length === 1 ? (this.parts[0] as Buffer) : Buffer.concat(this.parts);
  }

  /** `indent` is a line break and the spaces of the line that the value stands on. */
  write(value: unknown, indent: string): void {
    if (typeof value === 'string') this.text += JSON.stringify(value);
    else if (typeof value === 'number') this.text += Number.isFinite(value) ? String(value) : 'null';
    else if (typeof value === 'boolean' || typeof value === 'bigint') this.text += String(value);
    else if (value === null || value === undefined) this.text += 'null';
    else if (value instanceof RawJson) {
      this.flush();
      this.parts.push(value.bytes);
    } else if (value instanceof Double) this.text += value.toString();
    else if (Array.isArray(value)) this.writeArray(value, indent);
    else this.writeObject(value, indent);
  }

  private writeArray(values: readonly unknown[], indent: string): void {
    if (values.length === 0) {
      this.text += '[]';
      return;
    }
    const inner = `${indent}  `;
    this.text += '[';
    values.forEach((value, i) => {
      if (i > 0) this.text += ',';
      if (this.pretty) this.text += inner;
      this.write(value, inner);
    });
    this.text += this.pretty ? `${indent}]` : ']';
  }

  private writeObject(object: object, indent: string): void {
    const inner = `${indent}  `;
    let separator = '';
    this.text += '{';
    for (const [key, value] of Object.entries(object)) {
      if (value === undefined) continue;
      this.text += this.pretty
        ? `${separator}${inner}${JSON.stringify(key)} : `
        : `${separator}${JSON.stringify(key)}:`;
      this.write(value, inner);
      separator = ',';
    }
    this.text += separator !== '' && this.pretty ? `${indent}}` : '}';
  }

  private flush(): void {
    if (this.text !== '' || this.parts.length === 0) this.parts.push(Buffer.from(this.text));
    this.text = '';
  }
}
