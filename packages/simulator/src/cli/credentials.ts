import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

/** A folder for the files that a client needs: 0600, since one of them is a key. */
export class CredentialFolder {
  readonly #path: string;
  readonly #own: boolean;

  /** @param path where to; without one it is a new folder, which `clear` removes. */
  constructor(path: string | undefined) {
    this.#own = path === undefined;
    this.#path = path === undefined ? mkdtempSync(join(tmpdir(), "scaleset-simulator-")) : resolve(path);
    mkdirSync(this.#path, { recursive: true, mode: 0o700 });
  }

  /** Writes a file and answers its path. */
  write(name: string, text: string): string {
    const file = join(this.#path, name);
    writeFileSync(file, text, { mode: 0o600 });
    return file;
  }

  clear(): void {
    if (this.#own) rmSync(this.#path, { recursive: true, force: true });
  }
}
