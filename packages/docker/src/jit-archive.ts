import { text } from "node:stream/consumers";
import tar from "tar-stream";
import { JIT_FILE, JIT_PRIVATE_FOLDER } from "./entry.js";

/** Who a file in a container belongs to. */
export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

/** Seconds since 1970; the same for all, since it tells nothing. */
const EPOCH = new Date(0);

/**
 * The JIT config as an archive to unpack at `at`: a folder that only the runner's user may enter, since it must be able
 * to remove the file, and the file in it.
 */
export async function jitArchive(jitConfig: string, owner: Owner, at: string): Promise<Buffer> {
  const pack = tar.pack();
  const inside = (path: string): string => path.slice(at.length).replace(/^\/+/, "");
  const common = { uid: owner.uid, gid: owner.gid, mtime: EPOCH };
  pack.entry({ ...common, name: inside(JIT_PRIVATE_FOLDER), type: "directory", mode: 0o700 });
  pack.entry({ ...common, name: inside(JIT_FILE), mode: 0o600 }, `${jitConfig}\n`);
  pack.finalize();
  const chunks: Buffer[] = [];
  for await (const chunk of pack) if (Buffer.isBuffer(chunk)) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** The text of the one file in an archive. */
export async function fileInArchive(archive: NodeJS.ReadableStream): Promise<string> {
  const extract = tar.extract();
  let found = "";
  extract.on("entry", (_header, stream, next) => {
    text(stream).then((read) => {
      found = read;
      next();
    }, next);
  });
  return await new Promise((resolve, reject) => {
    archive.on("error", reject);
    extract.on("finish", () => resolve(found)).on("error", reject);
    archive.pipe(extract);
  });
}
