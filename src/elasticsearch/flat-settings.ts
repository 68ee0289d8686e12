/** The value of a setting. Clusters answer with strings and lists of strings. */
export type SettingValue = string | number | boolean | null | readonly unknown[];

/**
 * Returns settings by their full names, in their original order. `{index: {a: {b: "1"}}}` and `{"index.a.b": "1"}`
 * mean the same to a cluster.
 */
export function flattenSettings(settings: unknown, prefix = ''): Map<string, SettingValue> {
  const flat = new Map<string, SettingValue>();
  const walk = (value: unknown, name: string): void => {
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
      for (const [key, inner] of Object.entries(value)) walk(inner, name === '' ? key : `${name}.${key}`);
    } else {
      flat.set(name, value as SettingValue);
    }
  };
  walk(settings, prefix);
  return flat;
}
