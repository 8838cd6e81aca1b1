import assert from 'node:assert/strict';
import { curlSnippet, pythonSnippet, rSnippet } from '../../src/connect/snippets.ts';
import { entitySet, property } from './entity-sets.ts';

const root = 'https://feed.example:8443/a path/odata/';

describe('connect files: Python, R and curl', () => {
  const set = entitySet('Cases', [
    property('Id', 'Edm.Int64'),
    property('At', 'Edm.DateTimeOffset'),
    property('Open', 'Edm.Boolean'),
    property('Title', 'Edm.String'),
  ]);

  it('Python: whole, typed, without a secret', () => {
    const text = pythonSnippet({ root: 'http://localhost:8080/odata/', set, signIn: 'basic' });
    assert.match(
      text,
      /"http:\/\/localhost:8080\/odata\/Cases\?\$format=csv",\n {4}auth=\(os\.environ\["GATEWAY_USER"\], /,
    );
    assert.match(text, /"Id": "Int64",\n +"Open": "boolean",\n +"Title": "string",\n/);
    assert.match(text, /rows\["At"\] = pd\.to_datetime\(rows\["At"\], format="ISO8601", utc=True\)/);
    assert.doesNotMatch(pythonSnippet({ root, set, signIn: 'none' }), /auth|import os/);
  });

  it('R', () => {
    const text = rSnippet({ root: 'http://localhost:8080/odata/', set, signIn: 'key' });
    assert.match(
      text,
      /request\("http:\/\/localhost:8080\/odata\/Cases\?\$format=csv"\) \|>\n {2}req_auth_bearer_token/,
    );
    assert.match(text, /col_types = "cTlc"/);
  });

  it("a token of a sign-in server is none of the gateway's keys", () => {
    const of = { root: 'http://localhost:8080/odata/', set, signIn: 'token' } as const;
    for (const text of [pythonSnippet(of), rSnippet(of), curlSnippet(of)]) {
      assert.match(text, /^# GATEWAY_TOKEN: an access token for the feed \(docs\/sign-in\.md\)$/m);
      assert.match(text, /bearer[^\n]*GATEWAY_TOKEN/i);
      assert.doesNotMatch(text, /GATEWAY_KEY/);
    }
  });

  it('curl', () => {
    assert.equal(
      curlSnippet({ root: 'http://localhost:8080/odata/', set, signIn: 'basic' }),
      `curl --fail --compressed --user "$GATEWAY_USER" --output 'Cases.csv' 'http://localhost:8080/odata/Cases?$format=csv'\n`,
    );
    assert.equal(
      curlSnippet({ root: "http://it's/odata/", set, signIn: 'none' }),
      `curl --fail --compressed --output 'Cases.csv' 'http://it'\\''s/odata/Cases?$format=csv'\n`,
    );
  });
});
