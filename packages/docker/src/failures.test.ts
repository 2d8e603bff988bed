import { BackendError, type BackendErrorKind } from "@scaleset/provisioner";
import { describe, expect, test } from "vitest";
import { chooseVersion } from "./engine.js";
import { refusedBody, toBackendError } from "./failures.js";

const answer = (statusCode: number, message: string): Error =>
  Object.assign(new Error(`(HTTP code ${statusCode}) server error - ${message} `), { statusCode });
const noAnswer = (code: string, message = code): Error => Object.assign(new Error(message), { code });

describe("what an engine says, as what to do about it", () => {
  test.each<[BackendErrorKind, Error, string]>([
    ["capacity", answer(500, "write /x: no space left on device"), "no space left"],
    ["capacity", answer(500, "could not find an available, non-overlapping IPv4 address pool"), "address pool"],
    ["capacity", answer(500, "toomanyrequests: You have reached your pull rate limit"), "rate limit"],
    ["capacity", answer(500, "fork/exec /proc/self/exe: cannot allocate memory"), "memory"],
    ["denied", answer(500, "Get https://r/v2/: unauthorized: authentication required"), "unauthorized"],
    ["denied", answer(403, "authorization denied by plugin x"), "plugin"],
    ["rejected", answer(404, "manifest for x:y not found: manifest unknown"), "manifest"],
    ["rejected", answer(400, "client version 1.41 is too old. Minimum supported API version is 1.44"), "too old"],
    ["transient", answer(500, "dial tcp 1.2.3.4:443: connect: connection refused"), "refused"],
    ["transient", answer(503, ""), "the engine answered 503"],
    ["transient", noAnswer("ENOENT"), "there is no Docker engine at unix:///x: start it"],
    ["transient", noAnswer("ECONNREFUSED"), "no Docker engine listens at unix:///x"],
    ["transient", noAnswer("ECONNRESET", "socket hang up"), "gave no answer: socket hang up"],
    ["denied", noAnswer("EACCES"), "add this daemon's user to the group that owns the socket"],
    ["denied", noAnswer("DEPTH_ZERO_SELF_SIGNED_CERT", "self-signed certificate"), "certificates"],
  ])("%s: %s", (kind, error, words) => {
    const made = toBackendError(error, "trying", "unix:///x");
    expect(made).toMatchObject({ kind, message: expect.stringContaining(words) });
    expect(made.message).toMatch(/^trying failed: /);
    expect(made.message).not.toContain("HTTP code");
  });

  test.each([
    ["memory", answer(400, "Minimum memory limit allowed is 6MB")],
    ["cpus", answer(400, "Range of CPUs is from 0.01 to 2.00, as there are only 2 CPUs available")],
    ["mounts", answer(400, 'invalid mount config for type "bind": bind source path does not exist: /x')],
    ["runtime", answer(400, "unknown or invalid runtime name: runsc")],
    ["networks", answer(404, "network ci not found")],
    ["user", answer(400, "unable to find user nobody9: no matching entries in passwd file")],
    ["command", answer(400, 'OCI runtime create failed: exec: "/go": stat /go: no such file or directory: unknown')],
    ["gpus", answer(500, 'could not select device driver "" with capabilities: [[gpu]]')],
  ])("names the option %s that it speaks of", (option, error) => {
    expect(refusedBody(error, "making", "unix:///x")).toMatchObject({
      kind: "rejected",
      message: expect.stringContaining(`(see provisioner.docker.${option}`),
    });
  });

  test("is left as it is when it was told apart already", () => {
    const error = new BackendError("gone", "x");
    expect(toBackendError(error, "trying", "y")).toBe(error);
  });
});

describe("the version of the API", () => {
  const engine = (ApiVersion: string, MinAPIVersion: string) => ({ Version: "1", ApiVersion, MinAPIVersion });

  test("is the one we know, or the oldest that a newer engine still speaks", () => {
    expect(chooseVersion(engine("1.41", "1.12"), "x")).toBe("1.41");
    expect(chooseVersion(engine("1.52", "1.44"), "x")).toBe("1.44");
  });

  test("of an engine that is too old is said, with what to do", () => {
    expect(() => chooseVersion(engine("1.39", "1.12"), "tcp://old")).toThrow(
      /tcp:\/\/old is too old.*1\.41.*update it/,
    );
  });
});
