/** Archives in the form that Linux unpacks its initial file system from ("newc"). Pure: the same files, the same bytes. */

/** @typedef {{ name: string, mode: number, content: Buffer }} ArchivedFile */

const REGULAR = 0o100000;
const FOLDER = 0o040000;
const ALIGNMENT = 4;

/** @param {Buffer[]} parts */
function padded(parts) {
  const bytes = Buffer.concat(parts);
  const rest = bytes.length % ALIGNMENT;
  return rest === 0 ? bytes : Buffer.concat([bytes, Buffer.alloc(ALIGNMENT - rest)]);
}

/** @param {number} inode @param {number} mode @param {string} name @param {Buffer} content */
function entry(inode, mode, name, content) {
  const links = (mode & FOLDER) === FOLDER ? 2 : 1;
  const nameBytes = Buffer.from(`${name}\0`);
  // Inode, mode, uid, gid, links, time, size, device and special device (major, minor), length of name, no checksum.
  const fields = [inode, mode, 0, 0, links, 0, content.length, 0, 0, 0, 0, nameBytes.length, 0];
  const header = fields.map((field) => field.toString(16).padStart(8, "0")).join("");
  return Buffer.concat([padded([Buffer.from(`070701${header}`), nameBytes]), padded([content])]);
}

/** Files in the order given, each after the folders that it lies in. @param {ArchivedFile[]} files */
export function writeCpio(files) {
  /** @type {Map<string, { mode: number, content: Buffer }>} */
  const entries = new Map();
  for (const { name, mode, content } of files) {
    const folders = name.split("/").slice(0, -1);
    folders.forEach((_, at) => {
      entries.set(folders.slice(0, at + 1).join("/"), { mode: FOLDER | 0o755, content: Buffer.alloc(0) });
    });
    entries.set(name, { mode: REGULAR | mode, content });
  }
  const parts = [...entries].map(([name, { mode, content }], at) => entry(at + 1, mode, name, content));
  return Buffer.concat([...parts, entry(0, 0, "TRAILER!!!", Buffer.alloc(0))]);
}
