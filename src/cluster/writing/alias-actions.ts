import { type RestoredAlias } from './restorable-index';

/** Returns the actions (raw JSON text) that give an index its aliases and, if set, take the one-off alias away. */
export function aliasActions(
  target: string,
  aliases: readonly RestoredAlias[],
  oneOffAlias: string | undefined,
): string[] {
  const onTarget = `"index":${JSON.stringify(target)},"alias":`;
  const actions = aliases.map(({ name, definition }) => {
    const inner = definition.slice(1, -1).trim();
    return `{"add":{${onTarget}${JSON.stringify(name)}${inner === '' ? '' : `,${inner}`}}}`;
  });
  if (oneOffAlias !== undefined) actions.push(`{"remove":{${onTarget}${JSON.stringify(oneOffAlias)}}}`);
  return actions;
}
