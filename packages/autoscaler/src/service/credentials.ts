import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { type Credentials, githubApp, personalAccessToken, Secret, tokenProvider } from "@scaleset/client";

type SecretSource =
  | Secret
  | { readonly file: string }
  | { readonly command: readonly string[]; readonly folder: string };

/** A token or key is small; more than this is something else. */
const MAX_SECRET_BYTES = 64 * 1024;

/** What the client signs in with. Files are read, and commands run, whenever the client asks. */
export function credentialsFrom(
  config:
    | { readonly kind: "token"; readonly token: SecretSource }
    | {
        readonly kind: "app";
        readonly clientId: string;
        readonly installationId: number | undefined;
        readonly privateKey: SecretSource;
      },
): Credentials {
  if (config.kind === "token") {
    const { token } = config;
    return "reveal" in token ? personalAccessToken(token) : tokenProvider(({ signal }) => fetchToken(token, signal));
  }
  const { clientId, installationId, privateKey } = config;
  return githubApp({
    clientId,
    installationId,
    privateKey: "reveal" in privateKey ? privateKey : ({ signal }) => fetchSecret(privateKey, signal),
  });
}

/** No header holds two lines: what follows the token, the client could not tell from a fault of the network. */
async function fetchToken(source: Exclude<SecretSource, Secret>, signal: AbortSignal): Promise<Secret> {
  const token = await fetchSecret(source, signal);
  if (!/\s/.test(token.reveal())) return token;
  const where = "file" in source ? `the file ${source.file} holds` : `${source.command[0] ?? ""} printed`;
  throw new Error(`${where} blanks or line ends within the token: the token must stand alone`);
}

async function fetchSecret(source: Exclude<SecretSource, Secret>, signal: AbortSignal): Promise<Secret> {
  if ("file" in source) return new Secret((await readFile(source.file, { encoding: "utf8", signal })).trim());
  return new Secret((await output(source, signal)).trim());
}

/** What a command printed. An error says how it ended and nothing of what it printed: that may be the secret. */
function output(
  { command, folder }: { readonly command: readonly string[]; readonly folder: string },
  signal: AbortSignal,
): Promise<string> {
  const [program = "", ...args] = command;
  return new Promise((resolve, reject) => {
    const options = {
      cwd: folder,
      signal,
      killSignal: "SIGKILL",
      maxBuffer: MAX_SECRET_BYTES,
      encoding: "utf8",
    } as const;
    const child = execFile(program, args, options, (error, printed) => {
      if (error === null) resolve(printed);
      else reject(new Error(`${program} ${howItEnded(error)}`));
    });
    child.stdin?.end();
  });
}

function howItEnded(error: Error & { readonly code?: unknown; readonly signal?: unknown }): string {
  if (error.name === "AbortError") return "took too long";
  switch (error.code) {
    case "ENOENT":
      return "is not there";
    case "EACCES":
      return "may not be run by this user";
    case "ERR_CHILD_PROCESS_STDIO_MAXBUFFER":
      return `printed more than ${MAX_SECRET_BYTES} bytes, which is no secret`;
    default:
      return typeof error.code === "number"
        ? `ended with exit code ${error.code}`
        : `was ended by ${String(error.signal ?? error.code)}`;
  }
}
