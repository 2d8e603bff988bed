import { VERSION } from "../version.js";

/** Who calls, as GitHub's support sees it in the `User-Agent`. */
export interface SystemInfo {
  /** The product that uses this client. @default empty */
  readonly system?: string | undefined;
  /** The product's version. @default empty */
  readonly version?: string | undefined;
  /** The commit that the product was built from. @default empty */
  readonly commitSha?: string | undefined;
  /** The scale set that calls are about. @default the one that the call names */
  readonly scaleSetId?: number | undefined;
  /** The part of the product that calls: `listener`, `controller`, … @default empty */
  readonly subsystem?: string | undefined;
}

/** Remembers the newest `User-Agent`: one call is mostly like the one before it. */
export class UserAgent {
  #info: SystemInfo | undefined;
  #scaleSetId: number | undefined;
  #text = "";

  of(info: SystemInfo, scaleSetId: number | undefined): string {
    if (info === this.#info && scaleSetId === this.#scaleSetId) return this.#text;
    this.#info = info;
    this.#scaleSetId = scaleSetId;
    this.#text = userAgent(info, scaleSetId);
    return this.#text;
  }
}

/** The `User-Agent` of the reference client: a JSON object, here with everything outside ASCII escaped. */
export function userAgent(info: SystemInfo, scaleSetId: number | undefined): string {
  const json = JSON.stringify({
    system: info.system ?? "",
    version: info.version ?? "",
    commit_sha: info.commitSha ?? "",
    scale_set_id: info.scaleSetId ?? scaleSetId ?? 0,
    subsystem: info.subsystem ?? "",
    build_version: VERSION,
    build_commit_sha: "",
    kind: "scaleset",
  });
  return json.replace(/[^ -~]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`);
}
