import { api } from '../../account';

/** Something that was read, in the version that is on the screen. */
export interface Seen {
  id: string;
  version: number;
}

/** The header that lets a change through only if nobody made another since (`412 etag_mismatch`). */
export const ifMatch = (seen: { version: number }): Record<string, string> => ({ 'If-Match': `"${seen.version}"` });

/** Adds to what is at `path`, or changes what was seen there. */
export const save = (path: string, seen: Seen | null, body: unknown, method: 'PUT' | 'PATCH' = 'PUT'): Promise<unknown> =>
  seen ? api.call(`${path}/${seen.id}`, { method, body, headers: ifMatch(seen) }) : api.call(path, { method: 'POST', body });
