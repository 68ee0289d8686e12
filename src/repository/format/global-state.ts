/** The stored form of a global state (FORMAT.md, "Global state"), and the schema that checks it before it is used. */
import { z } from 'zod';
import {
  type GlobalState,
  STATE_MAX_LENGTH,
  STATE_PARTS,
  stateLength,
  type StatePart,
} from '../../contracts/global-state';
import { isRawObject, isStateName } from './check-text';
import { FORMAT_VERSION } from './format';

const item = z.looseObject({ name: z.string().refine(isStateName, 'no name'), body: z.string() });
const items = z.array(item).superRefine((list, context) => {
  for (const [i, { name }] of list.entries()) {
    if (i === 0 || name > list[i - 1]!.name) continue;
    context.addIssue({ code: 'custom', path: [i, 'name'], message: 'not above the name before' });
  }
});

/** Returns whether the text is the JSON of a setting's value. */
function isSettingValue(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'string' || (Array.isArray(value) && value.every((one) => typeof one === 'string'));
  } catch {
    return false;
  }
}

function partSchema(part: StatePart) {
  const isBody = part === 'settings' ? isSettingValue : isRawObject;
  return items.refine((list) => list.every(({ body }) => isBody(body)), 'a body that no such part has').optional();
}

/** Checks a global state. Parts that this release does not know are dropped. */
export const globalStateSchema: z.ZodType<GlobalState> = z
  .looseObject({
    format: z.literal(FORMAT_VERSION),
    parts: z.object(
      Object.fromEntries(STATE_PARTS.map((part) => [part, partSchema(part)])) as Record<
        StatePart,
        ReturnType<typeof partSchema>
      >,
    ),
    refused: z.array(z.looseObject({ part: z.enum(STATE_PARTS), reason: z.string().max(2_000) })),
  })
  .refine((state) => stateLength(state) <= STATE_MAX_LENGTH, `more than ${STATE_MAX_LENGTH} characters`)
  .transform(({ parts, refused }) => ({ parts, refused }));
