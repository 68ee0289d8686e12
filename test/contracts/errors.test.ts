import { readFileSync } from 'node:fs';
import path from 'node:path';
import { ERROR_TABLE } from '../../src/contracts/errors';
import { filesBelow, ROOT } from '../support/sources';

const CODES = Object.entries(ERROR_TABLE);

function source(): string {
  return ['src', 'workflows', 'activities']
    .flatMap(filesBelow)
    .filter((file) => file.endsWith('.ts') && file !== path.join('src', 'contracts', 'errors.ts'))
    .map((file) => readFileSync(path.join(ROOT, file), 'utf8'))
    .join('\n');
}

describe('the table of errors', () => {
  const documented = readFileSync(path.join(ROOT, 'docs/api.md'), 'utf8');
  const used = source();

  it.each(CODES)(
    '%s is documented as it is, and thrown or caught somewhere',
    (code, { type, status, scope, retryable }) => {
      const row = documented.split('\n').find((line) => line.startsWith(`| \`${code}\` |`));
      const cells = row?.split('|').map((cell) => cell.trim());
      expect(cells?.slice(2, 6)).toEqual([
        type === code ? '' : `\`${type}\``,
        String(status),
        scope,
        retryable ? 'yes' : '',
      ]);
      expect(used).toContain(`'${code}'`);
    },
  );
});
