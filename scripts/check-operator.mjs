// check-operator.mjs FILE…: objects of the Prometheus operator against its schemas' values. (That they
// have no unknown keys is TypeScript's to say: its interfaces are strict, the schemas are not.)

import { readFileSync } from "node:fs";

if (process.argv.length < 3) throw new Error("no objects to check");
for (const path of process.argv.slice(2)) {
  const object = JSON.parse(readFileSync(path, "utf8"));
  const [group, version] = object.apiVersion.split("/");
  const models = await import(`@kubernetes-models/prometheus-operator/${group}/${version}/${object.kind}`);
  new models[object.kind](object).validate();
  console.error(`${object.kind} ${object.metadata.name}: valid`);
}
