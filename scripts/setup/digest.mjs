/** Digests of files and folders, by which the set-up knows what is stale. Names, modes and contents; never times. */
import { createHash } from "node:crypto";
import { existsSync, lstatSync, readdirSync, readFileSync } from "node:fs";
import { join, relative, sep } from "node:path";

/** All files below a folder, sorted by path with `/`; other things than files and folders are refused. @param {string} folder */
export function filesBelow(folder) {
  /** @type {string[]} */
  const found = [];
  /** @param {string} current */
  const walk = (current) => {
    for (const entry of readdirSync(current, { withFileTypes: true })) {
      const path = join(current, entry.name);
      if (entry.isDirectory()) walk(path);
      else if (entry.isFile()) found.push(relative(folder, path).split(sep).join("/"));
      else throw new Error(`${path} is neither a file nor a folder`);
    }
  };
  walk(folder);
  return found.sort();
}

/**
 * SHA-256 over files, each as name, length and content, so that no two different trees read the same.
 * @param {{ name: string, content: Buffer | string }[]} files
 */
export function digestOf(files) {
  const hash = createHash("sha256");
  for (const { name, content } of files) {
    hash.update(`${Buffer.byteLength(name)}:${name}${Buffer.byteLength(content)}:`);
    hash.update(content);
  }
  return hash.digest("hex");
}

/**
 * Digest of a folder, or of those of its files that count; whether a file may be executed counts, the rest of its mode
 * differs between checkouts.
 * @param {string} folder
 * @param {(file: string) => boolean} counts
 */
export function folderDigest(folder, counts = () => true) {
  const files = filesBelow(folder).filter(counts);
  return digestOf(
    files.map((file) => {
      const path = join(folder, file);
      const executable = (lstatSync(path).mode & 0o100) !== 0;
      return { name: `${executable ? "x" : "-"} ${file}`, content: readFileSync(path) };
    }),
  );
}

/**
 * Digest of some files and folders of one root; a name that does not exist counts as such.
 * @param {string} root
 * @param {string[]} names
 */
export function digestOfPaths(root, names) {
  return digestOf(
    names.map((name) => {
      const path = join(root, name);
      if (!existsSync(path)) return { name: `absent ${name}`, content: "" };
      return { name, content: lstatSync(path).isDirectory() ? folderDigest(path) : readFileSync(path) };
    }),
  );
}
