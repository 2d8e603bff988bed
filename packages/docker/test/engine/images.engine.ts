import { writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import tar from "tar-stream";
import { afterAll, beforeAll, expect, test } from "vitest";
import { docker, freshName, labels, openBackend, soon } from "./bench.js";
import { PASSWORD, TestRegistry, USER } from "./test-registry.js";

let registry: TestRegistry;
let image: string;

beforeAll(async () => {
  registry = await TestRegistry.start();
  image = `${registry.address}/team/runner:1`;
  await push("first");
});

afterAll(async () => {
  await registry?.[Symbol.asyncDispose]();
});

const finished = (stream: NodeJS.ReadableStream): Promise<void> =>
  new Promise((resolve, reject) => {
    docker.modem.followProgress(stream, (error) => (error ? reject(error) : resolve()));
  });

/** Pushes an image with this content, and removes it from the engine. */
async function push(content: string): Promise<void> {
  const pack = tar.pack();
  pack.entry({ name: "content" }, content.padEnd(2_000_000, "x"));
  pack.finalize();
  const [repo, tag] = [image.slice(0, image.lastIndexOf(":")), "1"];
  await finished(await docker.importImage(pack, { repo, tag }));
  const authconfig = { username: USER, password: PASSWORD, serveraddress: registry.address };
  await finished(await docker.getImage(image).push({ authconfig }));
  await docker.getImage(image).remove({ force: true });
}

const forget = (): Promise<unknown> =>
  docker
    .getImage(image)
    .remove({ force: true })
    .catch(() => {});

test("an image that the engine lacks is pulled once for many runners, with a login, and how it goes is logged", async () => {
  const passwordFile = join(tmpdir(), `${freshName()}-password`);
  writeFileSync(passwordFile, `${PASSWORD}\n`, { mode: 0o600 });
  const { backend, logged } = await openBackend({ image, pull: "missing", registry: { username: USER, passwordFile } });
  const names = Array.from({ length: 8 }, freshName);
  await Promise.all(names.map((name) => backend.create({ name, labels }, soon())));
  expect((await backend.list(soon())).length).toBe(8);
  expect(logged.filter((line) => line.startsWith("pulling an image")).length).toBe(1);
  expect(logged.filter((line) => line.startsWith("the image is here")).length).toBe(1);
  expect(logged.join("\n")).not.toContain(PASSWORD);
});

test("a missing or wrong login is denied, and the option is named", async () => {
  await forget();
  for (const options of [{}, { registry: { username: USER, password: "wrong" } }]) {
    const { backend } = await openBackend({ image, pull: "missing", ...options });
    await expect(backend.create({ name: freshName(), labels }, soon())).rejects.toMatchObject({
      name: "BackendError",
      kind: "denied",
      message: expect.stringMatching(/unauthorized|no basic auth/i),
    });
  }
});

test("an image that the registry does not have will never work", async () => {
  const registryLogin = { username: USER, password: PASSWORD };
  const { backend } = await openBackend({
    image: `${registry.address}/team/no:1`,
    pull: "missing",
    registry: registryLogin,
  });
  await expect(backend.create({ name: freshName(), labels }, soon())).rejects.toMatchObject({ kind: "rejected" });
});

test("with always, a newer image is fetched before a launch; with the registry down, the copy at hand is used", async () => {
  const login = { registry: { username: USER, password: PASSWORD } };
  const idOf = async (name: string): Promise<string> => (await docker.getContainer(name).inspect()).Image;
  const first = await openBackend({ image, pull: "always", ...login });
  const one = freshName();
  await first.backend.create({ name: one, labels }, soon());
  const before = await idOf(one);
  await first.backend.destroy(one, { ...soon(), graceMs: 0 });

  await push("second");
  const second = await openBackend({ image, pull: "always", ...login });
  const two = freshName();
  await second.backend.create({ name: two, labels }, soon());
  expect(await idOf(two)).not.toBe(before);

  await registry.down();
  const third = await openBackend({ image, pull: "always", ...login });
  const three = freshName();
  await third.backend.create({ name: three, labels }, soon());
  expect(await idOf(three)).toBe(await idOf(two));
  expect(third.logged.join("\n")).toContain("launching with the copy of the image at hand");

  // Without a copy it is nobody's fault, and may work soon.
  for (const each of [second, third])
    for (const { name } of await each.backend.list(soon())) await each.backend.destroy(name, { ...soon(), graceMs: 0 });
  await forget();
  const fourth = await openBackend({ image, pull: "missing", ...login });
  await expect(fourth.backend.create({ name: freshName(), labels }, soon())).rejects.toMatchObject({
    kind: "transient",
  });
  await registry.up();
});
