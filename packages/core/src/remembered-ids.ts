import * as limits from './limits.js';

/**
 * The ids of the last few token sets that something is held against. The beginnings of the random ids, in one string:
 * a hundred thousand accounts keep such a list.
 */
export type RememberedIds = string;

export const noIds: RememberedIds = '';

export function isRemembered(ids: RememberedIds, id: string): boolean {
  return ids !== noIds && ids.includes(` ${beginningOf(id)} `);
}

/** Adds an id, and drops the oldest where there are too many. */
export function remembering(ids: RememberedIds, id: string): RememberedIds {
  if (isRemembered(ids, id)) return ids;
  const known = ids.split(' ').filter((each) => each !== '');
  // Joined, because a text that is put together by other means keeps its parts beside it in memory.
  return ['', ...[...known, beginningOf(id)].slice(-limits.rememberedSets), ''].join(' ');
}

/** Of this library's own ids these are 56 random bits. A space separates two ids, so an id must not contain one. */
function beginningOf(id: string): string {
  return id.slice(0, 14).replaceAll(' ', '_');
}
