// Holds an OpenAPI 3.1 document against its specification, and observed answers against the document:
//   node openapi.mjs DOCUMENT.json OBSERVED.jsonl
// Each observed line is {method, path, status, type, body}. Prints {operations, checked} or fails with every mistake.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { Validator } from '@seriousme/openapi-schema-validator';
import Ajv2020 from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';

const [documentPath, observedPath] = process.argv.slice(2);
const document = JSON.parse(readFileSync(documentPath, 'utf8'));
const validator = new Validator();
const verdict = await validator.validate(structuredClone(document));
assert.ok(verdict.valid, `The document is not valid OpenAPI: ${JSON.stringify(verdict.errors, null, 1)}`);
assert.equal(validator.version, '3.1');

// A member that the document does not name is a mistake here, though clients are to ignore it.
const close = schema => {
  if (schema === null || typeof schema !== 'object') return;
  if (!Array.isArray(schema) && schema.properties !== undefined && schema.additionalProperties === undefined && schema.code !== 'Problem') schema.additionalProperties = false;
  Object.values(schema).forEach(close);
};
Object.values(document.components.schemas).forEach(close);

const ajv = new Ajv2020({ strict: false, allErrors: true });
addFormats(ajv);
['int32', 'int64', 'double'].forEach(format => ajv.addFormat(format, true));
ajv.addSchema({ $id: 'document', ...document });

const escape = text => text.replaceAll('~', '~0').replaceAll('/', '~1');
const routes = Object.keys(document.paths).map(path => ({ path, expression: new RegExp(`^${path.replace(/\{[^}]+\}/g, '[^/]+')}$`) }));
const mistakes = [];
const operations = new Set();
let checked = 0;
for (const line of readFileSync(observedPath, 'utf8').split('\n').filter(l => l !== '')) {
  const { method, path, status, type, body } = JSON.parse(line);
  const what = `${method} ${path} ${status}`;
  const route = routes.find(r => r.expression.test(path.split('?')[0]));
  const operation = route && document.paths[route.path][method.toLowerCase()];
  if (operation === undefined) {
    mistakes.push(`${what}: no such operation`);
    continue;
  }

  const response = operation.responses[status];
  if (response === undefined) {
    mistakes.push(`${what}: no such answer`);
    continue;
  }

  if (status < 300) operations.add(operation.operationId);
  const content = response.content?.[type];
  if (content === undefined) {
    if (response.content !== undefined || type !== null) mistakes.push(`${what}: no such content as ${type}`);
    continue;
  }

  const pointer = ['paths', route.path, method.toLowerCase(), 'responses', status, 'content', type, 'schema'].map(p => encodeURIComponent(escape(String(p)))).join('/');
  const validate = ajv.getSchema(`document#/${pointer}`);
  checked++;
  if (!validate(JSON.parse(body))) mistakes.push(`${what}: ${ajv.errorsText(validate.errors)} in ${body}`);
}

assert.equal(mistakes.length, 0, mistakes.join('\n'));
console.log(JSON.stringify({ operations: [...operations], checked }));
