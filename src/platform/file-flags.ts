import { constants } from 'node:fs';

/*
 * Flags of open(2). A file of a run is never reached through a link that somebody planted; Windows has no such flag
 * (Node gives undefined, which counts as 0), and makes links for administrators alone.
 */

const { O_APPEND, O_CREAT, O_EXCL, O_NOFOLLOW, O_RDONLY, O_WRONLY } = constants;

/** A file that must not be there yet. */
export const newFile = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW;
/** A file to which something is added, made where it is missing. */
export const appendedFile = O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW;
/** A file that is read, and is no link. */
export const unlinkedFile = O_RDONLY | O_NOFOLLOW;
