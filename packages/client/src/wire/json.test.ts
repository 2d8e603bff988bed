import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseJson, quoteLargeIntegers } from "./json.js";

describe("parsing JSON", () => {
  test("keeps every digit of integers that a number can't hold", () => {
    const int64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
    fc.assert(
      fc.property(int64, fc.string(), fc.constantFrom("", " ", "\n"), (id, text, space) => {
        const json = `{"text":${JSON.stringify(text)},"id":${space}${id}${space},"list":[${id},${id}]}`;
        const parsed = parseJson(json);
        const expected = Number.isSafeInteger(Number(id)) ? Number(id) : String(id);
        expect(parsed).toEqual({ text, id: expected, list: [expected, expected] });
      }),
    );
  });

  test("changes nothing in JSON without large integers, whatever its strings hold", () => {
    const value = fc.jsonValue({ maxDepth: 4 }).map((json) => JSON.parse(JSON.stringify(json)));
    fc.assert(
      fc.property(value, fc.boolean(), (json, pretty) => {
        const digits = { json, text: '\\"1234567890123456789012 \\\\" 9999999999999999' };
        const text = JSON.stringify(digits, null, pretty ? 2 : 0);
        // Doubles beyond 2^53 that JSON writes without a fraction are the one exception.
        fc.pre(!/(?:^|[:[,\s])-?\d{16,}(?![\d.eE])/.test(JSON.stringify(json, null, 2)));
        expect(parseJson(text)).toEqual(digits);
      }),
    );
  });

  test("leaves numbers with fraction or exponent alone", () => {
    const json = "[1234567890123456.5,1e400,12345678901234567e2,-1234567890123456789]";
    expect(quoteLargeIntegers(json)).toBe('[1234567890123456.5,1e400,12345678901234567e2,"-1234567890123456789"]');
  });

  test("answers undefined for anything that is no JSON", () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(() => parseJson(text)).not.toThrow();
      }),
    );
    for (const text of ["", "<html>", '{"a":', '"12345678901234567890', "\uFEFF"])
      expect(parseJson(text)).toBeUndefined();
  });

  test("drops a byte order mark", () => {
    expect(parseJson("\uFEFF[1]")).toEqual([1]);
  });
});
