import assert from 'node:assert/strict';
import { test } from 'node:test';
import { holdsSecret, maskSecrets } from '../../src/lib/mask-secrets.js';

const masked: readonly (readonly [text: string, shown: string])[] = [
  ['postgresql://app:CANARY@db:5432/app?schema=public', 'postgresql://…@db:5432/app?schema=public'],
  ['postgresql://app:CAN@ARY/CANARY?#CANARY@db/app', 'postgresql://…@db/app'],
  ['postgresql:/app:CANARY@db/app', 'postgresql:/…@db/app'],
  ['/srv/run/postgresql:/app:CANARY@db/app', '/srv/run/postgresql:/…@db/app'],
  ['postgresql://app:CANARY', 'postgresql://app:…'],
  ['https://CANARY@host/x', 'https://…@host/x'],
  ['libsql://db.turso.io?authToken=CANARY&x=CANARY', 'libsql://db.turso.io?authToken=…'],
  ['app.db?auth_token=CANARY', 'app.db?auth_token=…'],
  ['file:app.db?cache=shared&password=CANARY', 'file:app.db?cache=shared&password=…'],
  ['postgresql://h/d?sslmode=require&sslpassword=CANARY', 'postgresql://h/d?sslmode=require&sslpassword=…'],
  ['https://s3/x?X-Amz-Signature=CANARY', 'https://s3/x?X-Amz-Signature=…'],
  ['host=h user=u password=CANARY dbname=d', 'host=h user=u password=…'],
  ['app:CANARY@db/app', '…@db/app'],
  ['x eyJhbGciOiJFZERTQSJ9.eyJDQU5BUlkiOjF9.CANARY y', 'x … y'],
  ['curl -H "Authorization: Bearer CANARY" http://h/', 'curl -H "Authorization: …'],
  ['curl -H X-Api-Key:CANARY', 'curl -H X-Api-Key:…'],
  ['deploy --api-token CANARY', 'deploy --api-token …'],
  ['line\npostgresql://app:CAN\nARY@db/app', 'line\npostgresql://…@db/app'],
];

for (const [text, shown] of masked) {
  test(`of ${JSON.stringify(text)} no secret is shown`, () => {
    assert.equal(maskSecrets(text), shown);
    assert.ok(holdsSecret(text));
    assert.doesNotMatch(maskSecrets(text), /CANARY/);
    assert.equal(maskSecrets(shown), shown, 'what is masked stays as it is');
  });
}

for (const text of [
  'app.db',
  './a:b@c.db',
  '/srv/my data/app.db',
  'C:\\data\\app.db',
  'C:/data/app.db',
  'file:./dev.db?connection_limit=1',
  'file:///srv/app.db',
  'postgresql://db:5432/app?schema=public',
  'postgresql://[::1]:5432/app',
  'http://localhost:8080',
  '/data/customer_key=5/app.db',
  'index:by_title',
  '256MB',
  '',
]) {
  test(`${JSON.stringify(text)} holds no secret and is shown as it is`, () => {
    assert.equal(maskSecrets(text), text);
    assert.ok(!holdsSecret(text));
  });
}
