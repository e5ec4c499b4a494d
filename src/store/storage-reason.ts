/** What the codes of system and SQLite errors mean, in words for an operator. */
const reasons: Readonly<Record<string, string>> = {
  EROFS: 'the file system is read-only',
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  ENOENT: 'no directory can be created there',
  ENOTDIR: 'a part of the path is a file',
  EEXIST: 'it is a file',
  ENOSPC: 'the disk is full',
  EDQUOT: 'the disk quota is exceeded',
  ENAMETOOLONG: 'the path is too long',
  ELOOP: 'the path contains a loop of symbolic links',
  EIO: 'the disk reported an error',
  EMFILE: 'too many files are open',
  ENFILE: 'too many files are open',
  EBUSY: 'it is in use',
  SQLITE_FULL: 'the disk is full',
  SQLITE_BUSY: 'another process has locked the file',
  SQLITE_LOCKED: 'another process has locked the file',
  SQLITE_READONLY: 'the file is read-only',
  SQLITE_PERM: 'permission denied',
  SQLITE_CANTOPEN: 'the file cannot be opened',
  SQLITE_IOERR: 'the disk reported an error',
  SQLITE_CORRUPT: 'the content is damaged',
  SQLITE_NOTADB: 'it is not a database',
};

/** The codes that mean that a database file must be replaced. */
const damage: readonly (string | undefined)[] = ['SQLITE_CORRUPT', 'SQLITE_NOTADB'];

/** Returns why storage failed, in plain words. */
export function storageReason(error: unknown): string {
  const { message } = error instanceof Error ? error : { message: String(error) };
  return reasons[codeOf(error) ?? ''] ?? message;
}

/** Returns whether a database file is damaged. */
export function isDamage(error: unknown): boolean {
  return damage.includes(codeOf(error));
}

/** Returns whether the disk, or the quota of the user, is full. */
export function isFull(error: unknown): boolean {
  return ['ENOSPC', 'EDQUOT', 'SQLITE_FULL'].includes(codeOf(error) ?? '');
}

/** Primary code: SQLite adds details, as in SQLITE_IOERR_WRITE. When it opens a file, libsql has only its number. */
function codeOf(error: unknown): string | undefined {
  const { code, message } = error as Partial<NodeJS.ErrnoException>;
  if (message?.startsWith('ConnectionFailed') && message.includes(': 14')) return 'SQLITE_CANTOPEN';
  return code?.startsWith('SQLITE_') ? code.split('_').slice(0, 2).join('_') : code;
}
