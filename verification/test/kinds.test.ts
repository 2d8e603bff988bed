import { describe, expect, test } from "vitest";
import { type Kind, kinds, worldNames } from "../src/worlds/kinds.js";
import { settingsOf } from "../src/worlds/settings.js";

/** Any 200 seeds of the default mix hold so many worlds of each kind. */
const WORLDS = Math.floor(200 / worldNames.length);

describe("what a kind deals strikes in any block of 200 seeds", () => {
  const dealing = worldNames.filter((name) => {
    const { dealt = [] }: Kind = kinds[name];
    return dealt.length > 0;
  });

  test.each(dealing)("%s", (name) => {
    const { dealt = [] }: Kind = kinds[name];
    const all = new Set(dealt.map((failure) => failure.name));
    for (let block = 0; block < 50; block++) {
      const first = worldNames.indexOf(name) + block * worldNames.length;
      const struck = Array.from({ length: WORLDS }, (_, index) => settingsOf(first + index * worldNames.length));
      expect(new Set(struck.flatMap((world) => world.dealt.map((failure) => failure.name)))).toEqual(all);
      expect(struck.map(({ world }) => world)).toEqual(struck.map(() => name));
    }
  });
});
