import { describe, expect, test } from "vitest";
import { connectionOf } from "./connection.js";
import { exitOf, instanceOf } from "./container-state.js";
import { tailOf, unframed } from "./output.js";
import { PullProgress } from "./pull-progress.js";
import { loginFor, registryOf } from "./registry-auth.js";
import { numericUser, userIn } from "./users.js";

describe("how a container ended", () => {
  const state = { Status: "exited", ExitCode: 0, OOMKilled: false, Error: "" };
  test.each([
    [{ ...state, ExitCode: 7 }, { exitCode: 7 }],
    [{ ...state, ExitCode: 0 }, { exitCode: 0 }],
    [
      { ...state, ExitCode: 137, OOMKilled: true },
      { exitCode: 137, exitReason: expect.stringContaining("out of memory") },
    ],
    [
      { ...state, ExitCode: 137 },
      { exitCode: 137, exitReason: "killed by SIGKILL" },
    ],
    [
      { ...state, ExitCode: 127 },
      { exitCode: 127, exitReason: expect.stringContaining("not found") },
    ],
    [
      { ...state, ExitCode: 128, Error: "boom" },
      { exitCode: 128, exitReason: "boom" },
    ],
  ])("%j is told as %j", (given, expected) => {
    expect(exitOf(given)).toEqual(expected);
  });

  test("a container without our labels is no instance, and one of an unknown schema is of a newer one", () => {
    const made = (labels: Record<string, string>) =>
      instanceOf({ Name: "/x", Created: "2026-01-01T00:00:00.9Z", State: state, Config: { Labels: labels } });
    expect(made({})).toBeUndefined();
    expect(made({ "scaleset.identity": "a", "scaleset.role": "inner-engine" })).toBeUndefined();
    expect(made({ "scaleset.identity": "a" })?.labels.schema).toBeGreaterThan(1);
    expect(made({ "scaleset.identity": "a", "scaleset.schema": "1" })).toMatchObject({
      name: "x",
      labels: { schema: 1 },
    });
  });
});

describe("the address of the engine", () => {
  test("is the option's, else DOCKER_HOST's, else the usual socket", () => {
    expect(connectionOf({}, {}, "/").options).toMatchObject({ socketPath: "/var/run/docker.sock" });
    expect(connectionOf({}, { DOCKER_HOST: "unix:///run/x.sock" }, "/").options).toMatchObject({
      socketPath: "/run/x.sock",
    });
    expect(connectionOf({ host: "tcp://h:1" }, { DOCKER_HOST: "unix:///y" }, "/").options).toMatchObject({
      host: "h",
      port: 1,
      protocol: "http",
    });
    expect(connectionOf({ host: "https://h" }, {}, "/").options).toMatchObject({ port: 2376, protocol: "https" });
  });

  test("that can't be used, and certificates that can't be read, are said", () => {
    expect(() => connectionOf({}, { DOCKER_HOST: "ssh://me@h" }, "/")).toThrow(/write unix:\/\/\/PATH/);
    const tls = { cert: "no.pem", key: "no.pem" };
    expect(() => connectionOf({ host: "tcp://h", tls }, {}, "/no/such")).toThrow(/certificate .* can't be read/);
  });
});

test("a user is numbers, or a line of the image's passwd", () => {
  expect(numericUser("")).toEqual({ uid: 0, gid: 0 });
  expect(numericUser("1001:121")).toEqual({ uid: 1001, gid: 121 });
  expect(numericUser("runner")).toBeUndefined();
  expect(userIn("root:x:0:0::/:\nrunner:x:1001:121::/:\n", "runner")).toEqual({ uid: 1001, gid: 121 });
  expect(() => userIn("", "runner")).toThrow(/no user "runner"/);
});

test("output is freed of the engine's frames, and cut at its end without half a character", () => {
  const frame = (text: string): Buffer => {
    const header = Buffer.alloc(8);
    header.writeUInt8(1);
    header.writeUInt32BE(Buffer.byteLength(text), 4);
    return Buffer.concat([header, Buffer.from(text)]);
  };
  expect(unframed(Buffer.concat([frame("a\n"), frame("bé\n")])).toString()).toBe("a\nbé\n");
  expect(unframed(Buffer.from("no frames at all")).toString()).toBe("no frames at all");
  expect(tailOf(Buffer.from("xé\n"), 2)).toBe("\n");
  expect(tailOf(Buffer.from("abc"), 10)).toBe("abc");
});

test("the progress of a pull is told in layers and bytes", () => {
  const progress = new PullProgress();
  expect(`${progress}`).toBe("just begun");
  for (const line of [
    { id: "latest", status: "Pulling from x" },
    { id: "a", status: "Already exists" },
    { id: "b", status: "Downloading", progressDetail: { current: 5e6, total: 20e6 } },
  ])
    progress.take(line);
  expect(`${progress}`).toBe("1 of 2 layers, 5 of 20 MB");
  progress.take({ error: "no space left on device" });
  expect(progress.error).toBe("no space left on device");
});

test("an image's registry is read from its name, and its login from the options", () => {
  expect(registryOf("ubuntu")).toBe("https://index.docker.io/v1/");
  expect(registryOf("me/x")).toBe("https://index.docker.io/v1/");
  expect(registryOf("ghcr.io/a/b:c")).toBe("ghcr.io");
  expect(registryOf("localhost:5000/x")).toBe("localhost:5000");
  const place = { baseFolder: "/", env: { DOCKER_CONFIG: "/no/such" } };
  expect(loginFor("ghcr.io/a", undefined, place)).toBeUndefined();
  const login = { username: "u", password: "p", serveraddress: "ghcr.io" };
  expect(loginFor("ghcr.io/a", { username: "u", password: "p" }, place)).toEqual(login);
  expect(() => loginFor("x", { username: "u", passwordFile: "no" }, place)).toThrow(/passwordFile/);
});
