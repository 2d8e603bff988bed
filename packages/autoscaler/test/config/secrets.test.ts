import { generateKeyPairSync } from "node:crypto";
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { credentialsOf, errorsOf, issuesOf, load, testFolder, VALID } from "./fixture.js";

const withCredential = (yaml: string): string => VALID.replace(`token: \${TOKEN}`, yaml);

function file(folder: string, name: string, text: string, mode = 0o600): void {
  writeFileSync(join(folder, name), text);
  chmodSync(join(folder, name), mode);
}

describe("variables", () => {
  test("stand in any text, with a default where they are unset or empty", async () => {
    const environment = { TOKEN: "t", ORG: "acme", EMPTY: "" };
    const yaml = VALID.replace("my-org", `\${ORG}`).replace("linux-x64", `\${EMPTY:-linux}-\${UNSET:-x64}`);
    const { config } = await load(yaml, { environment });
    expect(config.github?.url).toBe("https://github.com/acme");
    expect(config.scaleSets[0]?.name).toBe("linux-x64");
  });

  test("count as numbers where a number belongs, in a provisioner's options too", async () => {
    const yaml = VALID.replace("name:", `maxRunners: \${MAX}\n    name:`).replace(
      "box: {}",
      `box: { size: "\${SIZE}" }`,
    );
    const { config } = await load(yaml, { environment: { TOKEN: "t", MAX: "7", SIZE: "3" } });
    expect(config.scaleSets[0]).toMatchObject({ maxRunners: 7, provisioner: { options: { size: 3 } } });
  });

  test("leave a text in quotes a text: a quoted number is refused where a number belongs", async () => {
    expect(await errorsOf(() => load(VALID.replace("name:", 'maxRunners: "7"\n    name:')))).toEqual([
      '5:17: scaleSets[0].maxRunners: expected a whole number from 0 to 10000, found "7"',
    ]);
  });

  test("that are not set are named, where they stand", async () => {
    expect(await issuesOf(() => load(VALID.replace("my-org", `\${ORG}`)))).toMatchObject([
      {
        place: { line: 2, column: 27 },
        problem: "the environment variable ORG is not set",
        remedy: `set ORG, or write a default: \${ORG:-value}; for a plain \${ORG} write $\${ORG}`,
      },
    ]);
  });

  test("are escaped by a second dollar sign", async () => {
    const { config } = await load(VALID.replace("box: {}", () => `box: { image: "$\${HOME}/x" }`));
    expect(config.scaleSets[0]?.provisioner.options).toMatchObject({ image: `\${HOME}/x` });
  });

  test("are never quoted in an error, since they may be secret", async () => {
    const environment = { TOKEN: "t", LEVEL: "s3cr3t-value" };
    const attempt = (): Promise<unknown> => load(`${VALID}log: { level: "\${LEVEL}" }\n`, { environment });
    expect(await errorsOf(attempt)).toEqual([
      "7:15: log.level: expected one of debug, info, warn, error, found other text",
    ]);
    expect(JSON.stringify(await issuesOf(attempt))).not.toContain("s3cr3t");
  });
});

describe("a token", () => {
  test("is found in a file beside the configuration, which is read again whenever a token is needed", async () => {
    const folder = testFolder();
    file(folder, "token.txt", "from-file\n");
    const loaded = await load(withCredential("tokenFile: token.txt"), { workingFolder: folder });
    expect(loaded.warnings).toEqual([]);
    expect(credentialsOf(loaded)).toEqual({ kind: "token", token: { file: join(folder, "token.txt") } });
  });

  test("in a file that every user can read is warned about", async () => {
    const folder = testFolder();
    file(folder, "token.txt", "from-file", 0o644);
    const { warnings } = await load(withCredential("tokenFile: token.txt"), { workingFolder: folder });
    expect(warnings).toMatchObject([
      { place: { line: 3, column: 14 }, remedy: `chmod 600 ${join(folder, "token.txt")}` },
    ]);
  });

  test.each([
    ["missing", () => {}, /does not exist/],
    ["empty", (folder: string) => file(folder, "token.txt", "\n"), /is empty/],
    ["a folder", (folder: string) => mkdirSync(join(folder, "token.txt")), /is a folder/],
    ["more than the token", (folder: string) => file(folder, "token.txt", "a\nb"), /without blanks and line ends/],
  ])("file that is %s is refused at its line", async (_, prepare, why) => {
    const folder = testFolder();
    prepare(folder);
    const errors = await errorsOf(() => load(withCredential("tokenFile: token.txt"), { workingFolder: folder }));
    expect(errors).toEqual([expect.stringMatching(why)]);
    expect(errors[0]).toMatch(/^3:14: github\.tokenFile: /);
  });
});

test("two credentials are one too many", async () => {
  expect(await errorsOf(() => load(withCredential(`token: \${TOKEN}\n  tokenFile: x`)))).toEqual([
    "4:3: github.tokenFile: expected one credential, found github.token and github.tokenFile",
  ]);
});

describe("a GitHub App", () => {
  let pem = "";
  let ecPem = "";
  beforeAll(() => {
    const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 });
    pem = rsa.privateKey.export({ type: "pkcs1", format: "pem" }).toString();
    const ec = generateKeyPairSync("ec", { namedCurve: "P-256" });
    ecPem = ec.privateKey.export({ type: "pkcs8", format: "pem" }).toString();
  });

  test("signs in with its key from a file; its installation may be left out", async () => {
    const folder = testFolder();
    file(folder, "app.pem", pem);
    const yaml = withCredential("app: { clientId: Iv1.abc, privateKeyFile: app.pem }");
    const credentials = credentialsOf(await load(yaml, { workingFolder: folder }));
    expect(credentials).toMatchObject({ kind: "app", clientId: "Iv1.abc", installationId: undefined });
    expect(JSON.stringify(credentials)).not.toContain("PRIVATE KEY");
  });

  test("takes key and installation from variables", async () => {
    const yaml = withCredential(`app:\n    clientId: Iv1.abc\n    installationId: \${ID}\n    privateKey: \${KEY}`);
    const credentials = credentialsOf(await load(yaml, { environment: { KEY: pem, ID: "42" } }));
    expect(credentials).toMatchObject({ kind: "app", installationId: 42 });
  });

  test("is refused with a key of another kind, without showing it", async () => {
    const folder = testFolder();
    file(folder, "app.pem", ecPem);
    const attempt = (): Promise<unknown> =>
      load(withCredential("app: { clientId: Iv1.abc, privateKeyFile: app.pem }"), { workingFolder: folder });
    expect(await errorsOf(attempt)).toEqual([
      expect.stringMatching(/^3:45: github\.app\.privateKeyFile: expected an RSA/),
    ]);
    expect(JSON.stringify(await issuesOf(attempt))).not.toContain(ecPem.split("\n")[1]);
  });

  test("is refused without a key, with two, and without a client id", async () => {
    expect(await errorsOf(() => load(withCredential("app: { clientId: a }")))).toEqual([
      "3:3: github.app.privateKeyFile: the App's private key is missing",
    ]);
    expect(await errorsOf(() => load(withCredential("app: { privateKey: a, privateKeyFile: b }")))).toEqual([
      "3:3: github.app.clientId: clientId is missing",
      "3:25: github.app.privateKeyFile: expected one private key, found github.app.privateKey and github.app.privateKeyFile",
    ]);
  });
});
