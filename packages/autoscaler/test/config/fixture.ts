import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { defineProvisioner, type Provisioner } from "@scaleset/provisioner";
import { onTestFinished } from "vitest";
import type { CredentialsConfig } from "../../src/config/config.js";
import type { ConfigHost } from "../../src/config/host.js";
import { ConfigError, type ConfigIssue, formatIssue } from "../../src/config/issue.js";
import { loadConfigFile } from "../../src/config/load.js";
import type { LoadedConfig } from "../../src/config/resolve.js";

const unused = (): never => {
  throw new Error("a configuration is checked without opening a backend");
};

const box: Provisioner = defineProvisioner({
  kind: "box",
  options: (z) => z.strictObject({ size: z.int().min(1).default(4), image: z.string().optional() }),
  open: unused,
});

/** A folder of its own for one test, removed afterwards. */
export function testFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "scaleset-config-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** A machine that a test says everything about. It has one provisioner, `box`. */
export function testHost(host: Partial<ConfigHost> = {}): ConfigHost {
  return {
    environment: { TOKEN: "test-token" },
    workingFolder: "/work",
    homeFolder: "/home/someone",
    hostname: "host-1",
    findProvisioner: async (kind) =>
      kind === "box"
        ? { provisioner: box }
        : {
            provisioner: undefined,
            known: ["box", "process"],
            installed: false,
            problem: `the provisioner "${kind}" is not installed`,
            remedy: `npm i ${kind}`,
          },
    ...host,
  };
}

export async function load(yaml: string, host: Partial<ConfigHost> = {}): Promise<LoadedConfig> {
  const folder = host.workingFolder ?? testFolder();
  writeFileSync(join(folder, "scaleset.yaml"), yaml);
  return await loadConfigFile("scaleset.yaml", testHost({ ...host, workingFolder: folder }));
}

/** Every error of a load that must fail, as `line:column path: problem`. */
export async function errorsOf(attempt: () => Promise<unknown>): Promise<string[]> {
  return (await issuesOf(attempt)).map(
    (issue) =>
      formatIssue(issue)
        .split("\n")[0]
        ?.replace(/^scaleset\.yaml:/, "") ?? "",
  );
}

export async function issuesOf(attempt: () => Promise<unknown>): Promise<readonly ConfigIssue[]> {
  try {
    await attempt();
  } catch (error) {
    if (error instanceof ConfigError) return error.issues;
    throw error;
  }
  throw new Error("expected a ConfigError");
}

export const VALID = `github:
  url: https://github.com/my-org
  token: \${TOKEN}
scaleSets:
  - name: linux-x64
    provisioner: { box: {} }
`;

export function credentialsOf({ config }: LoadedConfig, target = "github"): CredentialsConfig {
  const found = target === "github" ? config.github : config.targets?.[target];
  if (found === undefined) throw new Error(`there is no target ${target}`);
  return found.credentials;
}

/** The token that stands in the configuration itself. */
export function tokenOf(loaded: LoadedConfig, target?: string): string | undefined {
  const credentials = credentialsOf(loaded, target);
  if (credentials.kind !== "token" || !("reveal" in credentials.token)) return undefined;
  return credentials.token.reveal();
}
