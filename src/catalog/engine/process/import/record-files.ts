/**
 * Records as files, one after the other: the first can be read by DuckDB while the next is still being written. Where
 * one ends is decided by what the records are alone, so that the same content makes the same files.
 */
import { type FileHandle, open } from "node:fs/promises";
import { join } from "node:path";

/** A file that has this many bytes and records is whole: enough of both that what is made of it is no crumb. */
const WHOLE_BYTES = 32 * 1024 * 1024;
const WHOLE_RECORDS = 122_880;

export class RecordFiles {
  /** Of all files, the one that is being written included. */
  readonly paths: string[] = [];
  private file: FileHandle | undefined;
  private bytes = 0;
  private records = 0;

  /** `divided` is false where only all records together can be read. */
  constructor(
    private readonly folder: string,
    private readonly divided: boolean,
  ) {}

  /** Whole records and how many they are. @returns true where a file is whole with them. */
  async write(bytes: Buffer, records: number): Promise<boolean> {
    if (bytes.length === 0) return false;
    this.file ??= await this.begin();
    await this.file.writeFile(bytes);
    this.bytes += bytes.length;
    this.records += records;
    if (!this.divided || this.bytes < WHOLE_BYTES || this.records < WHOLE_RECORDS) return false;
    await this.close();
    return true;
  }

  async close(): Promise<void> {
    const { file } = this;
    this.file = undefined;
    this.bytes = 0;
    this.records = 0;
    await file?.close();
  }

  private begin(): Promise<FileHandle> {
    const path = join(this.folder, `records-${this.paths.length}.csv`);
    this.paths.push(path);
    return open(path, "wx", 0o600);
  }
}
