import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { buildCatalogue } from '../../src/catalogue/compile/build-catalogue.ts';
import { mergeUpstreamModel } from '../../src/catalogue/compile/upstream/merge-upstream-model.ts';
import { checkModel } from '../../src/edm/check-model.ts';
import { readMetadata } from '../../src/edm/read-metadata.ts';
import { judgements } from '../http/cross-source/joined-gateway.ts';
import { metadataFolder } from '../support/gateway.ts';

function files() {
  const product = readdirSync(metadataFolder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.yaml'))
    .map((file) => ({ file, text: readFileSync(path.join(metadataFolder, file), 'utf8') }));
  return [...product, { file: path.join('tracebuzz', 'judgements.yaml'), text: judgements }];
}

const { catalogue, faults } = buildCatalogue(files(), {});

/** What a feed declares of agents and calls. */
const feed = (agent: string, call: string) =>
  readMetadata(`<?xml version="1.0"?>
<edmx:Edmx Version="4.0" xmlns:edmx="http://docs.oasis-open.org/odata/ns/edmx"><edmx:DataServices>
<Schema Namespace="Tenant" xmlns="http://docs.oasis-open.org/odata/ns/edm">
  <EntityType Name="Agent">${agent}</EntityType>
  <EntityType Name="Call">${call}</EntityType>
  <EntityContainer Name="Default">
    <EntitySet Name="Agents" EntityType="Tenant.Agent"/><EntitySet Name="Calls" EntityType="Tenant.Call"/>
  </EntityContainer>
</Schema></edmx:DataServices></edmx:Edmx>`).model;

const key = (name: string, type = 'Edm.String') =>
  `<Key><PropertyRef Name="${name}"/></Key><Property Name="${name}" Type="${type}" Nullable="false"/>`;
const channel = '<Property Name="channelType" Type="Edm.String"/>';

function navigation(agent: string, call: string) {
  assert.ok(catalogue !== null);
  const merged = mergeUpstreamModel(catalogue, 'buzzeasy', feed(agent, call)).catalogue.model;
  assert.deepEqual(checkModel(merged), []);
  return (set: string) => {
    const { entityType, navigationPropertyBindings } = merged.entitySets.get(set) ?? assert.fail(set);
    return Object.fromEntries(
      [...entityType.navigationProperties].map(([name, { join }]) => [
        name,
        `${navigationPropertyBindings.get(name)}: ${join.map((pair) => `${pair.property}=${pair.referencedProperty}`)}`,
      ]),
    );
  };
}

describe('relations between stored sets and those that a feed really has', () => {
  it('are documented in both directions, code lists included', () => {
    assert.deepEqual(faults, []);
    const { entitySets } = catalogue?.model ?? assert.fail();
    const bound = (set: string, name: string) => entitySets.get(set)?.navigationPropertyBindings.get(name);
    assert.equal(bound('TracebuzzJudgements', 'Agent'), 'BuzzeasyAgents');
    assert.equal(bound('BuzzeasyAgents', 'Judgements'), 'TracebuzzJudgements');
    assert.equal(bound('BuzzeasyCalls', 'ChannelTypeLookup'), 'BuzzeasyChannelTypes');
  });

  it('follow the feed in its spelling of names', () => {
    const of = navigation(key('Id'), key('ID') + channel);
    assert.deepEqual(of('TracebuzzJudgements'), {
      Call: 'BuzzeasyCalls: CallId=ID',
      Agent: 'BuzzeasyAgents: AgentId=Id',
    });
    assert.equal(of('BuzzeasyAgents')['Judgements'], 'TracebuzzJudgements: Id=AgentId');
    assert.equal(of('BuzzeasyCalls')['ChannelTypeLookup'], 'BuzzeasyChannelTypes: channelType=Code');
  });

  it('are gone where the type or the key is another, or the property is not there', () => {
    const of = navigation(key('Id', 'Edm.Guid'), key('callNumber'));
    assert.deepEqual(of('TracebuzzJudgements'), {});
    assert.deepEqual(of('BuzzeasyAgents'), {});
    assert.deepEqual(of('BuzzeasyCalls'), {});
  });

  it('give way to a name that the feed has itself', () => {
    const of = navigation(`${key('ID')}<Property Name="judgements" Type="Edm.String"/>`, key('id') + channel);
    assert.deepEqual(of('BuzzeasyAgents'), {});
    assert.equal(of('TracebuzzJudgements')['Agent'], 'BuzzeasyAgents: AgentId=ID');
  });
});
