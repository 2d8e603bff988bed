import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isScaleSetError } from "../errors.js";
import { parseConfigUrl } from "./config-url.js";

describe("a config URL", () => {
  test.each([
    ["https://github.com/acme", "organization", "https://api.github.com", "orgs/acme"],
    ["https://github.com//acme/", "organization", "https://api.github.com", "orgs/acme"],
    ["https://www.github.com/acme/app", "repository", "https://api.github.com", "repos/acme/app"],
    ["https://GitHub.com/enterprises/big", "enterprise", "https://api.github.com", "enterprises/big"],
    ["https://corp.ghe.com/acme", "organization", "https://api.corp.ghe.com", "orgs/acme"],
    ["http://github.localhost:8080/acme", "organization", "http://api.github.localhost:8080", "orgs/acme"],
    ["https://ghes.corp:8443/acme/app", "repository", "https://ghes.corp:8443/api/v3", "repos/acme/app"],
    ["http://127.0.0.1:4000/acme", "organization", "http://127.0.0.1:4000/api/v3", "orgs/acme"],
    ["https://notgithub.com/acme", "organization", "https://notgithub.com/api/v3", "orgs/acme"],
  ])("%s is an %s at %s", (url, scope, apiBase, apiPath) => {
    expect(parseConfigUrl(url)).toMatchObject({ scope, apiBase, apiPath });
  });

  test("every host is GHES when told so", () => {
    expect(parseConfigUrl("https://github.com/acme", { forceGhes: true })).toMatchObject({
      hosted: false,
      apiBase: "https://github.com/api/v3",
    });
  });

  test.each([
    "",
    "acme",
    "https://github.com",
    "https://github.com/",
    "https://github.com/a/b/c",
    "https://github.com/a//b",
    "https://github.com/acme?x=1",
    "https://github.com/acme#x",
    "https://user:pw@github.com/acme",
    "ftp://github.com/acme",
    "https://github.com/a%2Fb",
    "https://github.com/a%zz",
  ])("%s is refused", (url) => {
    expect(() => parseConfigUrl(url)).toThrow(expect.objectContaining({ code: "CONFIG" }));
  });

  test("nothing but a CONFIG error ever comes out, and it repeats no password", () => {
    const anything = fc.oneof(fc.string(), fc.webUrl({ withQueryParameters: true, withFragments: true }));
    fc.assert(
      fc.property(anything, (url) => {
        try {
          const { url: canonical } = parseConfigUrl(url);
          // Reading what was read changes nothing.
          expect(parseConfigUrl(canonical).url).toBe(canonical);
        } catch (error) {
          if (!isScaleSetError(error, "CONFIG")) throw error;
        }
      }),
    );
    expect(() => parseConfigUrl("https://u:hunter2@github.com/acme")).not.toThrow("hunter2");
  });

  test("any organization name and slashes around it lead to the same place", () => {
    const name = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9-]{0,20}$/);
    fc.assert(
      fc.property(name, fc.nat(3), fc.nat(3), (org, before, after) => {
        const url = `https://github.com/${"/".repeat(before)}${org}${"/".repeat(after)}`;
        expect(parseConfigUrl(url)).toEqual(parseConfigUrl(`https://github.com/${org}`));
      }),
    );
  });
});
