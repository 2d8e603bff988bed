// Writes docs/configuration.md and the JSON Schema in the autoscaler's package, from the schema that files are checked by.
import { writeFileSync } from "node:fs";
import { referencePage, schemaFile } from "../packages/autoscaler/dist/config/reference-page.js";
import { builtInProvisioners } from "../packages/autoscaler/dist/provisioners/registry.js";

const root = new URL("../", import.meta.url);
const kinds = builtInProvisioners();
writeFileSync(new URL("docs/configuration.md", root), referencePage(kinds));
writeFileSync(new URL("packages/autoscaler/scaleset.schema.json", root), schemaFile(kinds));
