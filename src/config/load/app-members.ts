/** Turns the apps of a file into complete configurations, with every fault at the place of the option that causes it. */

import { cookieHostsOf } from '../apps/authorities.ts';
import { clashFindings } from '../apps/clashes.ts';
import { identityOf } from '../apps/identity.ts';
import { inheritedBy, isInherited, mergeOptions, type Options } from '../apps/merge.ts';
import { ownOptions } from '../apps/own-options.ts';
import { type AppIdentity, MAIN_APP } from '../schema/app-identity.ts';
import { configOfApps, sessionCookieName } from '../schema/apps.ts';
import { jsonSchema } from '../schema/options.ts';
import type { Config } from '../schema/schema.ts';
import type { Fault, Finding, Path } from '../validate/faults.ts';
import { createServedFilesCheck } from '../validate/served-files.ts';
import type { AppSource, Place } from './app-sources.ts';
import type { Validated } from './app-validator.ts';

/** An app with its complete options. */
interface Member {
  readonly app: AppIdentity;
  readonly isFile: boolean;
  /** Undefined for a file that cannot be read. */
  readonly validated: Validated | undefined;
  /** What is wrong with the app as written. */
  readonly faults: readonly Fault[];
  placeOf(path: Path): Place;
  /** Whether an option was written at the top of the file. */
  isInherited(path: Path): boolean;
}

/** What the apps are made of. */
export interface MemberDeps {
  readonly top: Options;
  placeOf(path: Path): Place;
  validate(input: unknown, app: AppIdentity, own?: Options): Validated;
}

/** The app at the top of the file. */
export function mainMember({ top, placeOf, validate }: MemberDeps): Member {
  const validated = validate(top, MAIN_APP);
  return { app: MAIN_APP, isFile: false, validated, faults: [], placeOf, isInherited: () => false };
}

const NO_ADDRESS: Finding = {
  path: ['publicUrl'],
  message: 'an app needs a publicUrl of its own: it is not inherited',
  hint: 'write publicUrl: https://app.example.com',
};

/** What is wrong with an app, whose missing address has a finding of its own. */
function withoutAddress({ config, findings }: Validated): Validated {
  const others = findings.filter(({ path }) => path[0] !== 'publicUrl');
  return { ...(config && { config }), findings: [NO_ADDRESS, ...others] };
}

/** An app of `apps` or `appsFrom`, with what it inherits from the top. */
export function memberOf(source: AppSource, { top, placeOf, validate }: MemberDeps): Member {
  const { options: own, findings } = ownOptions(source.options);
  const inherited = inheritedBy(own, top);
  const merged = mergeOptions(inherited, own, jsonSchema());
  const publicUrl = typeof own.publicUrl === 'string' ? own.publicUrl : '';
  const app = identityOf(source.id, source.path, publicUrl);
  const validated = source.faults.length === 0 ? validate(merged, app, own) : undefined;
  const isFromTop = (path: Path) => isInherited(path, inherited, own, jsonSchema());
  return {
    app,
    isFile: source.isFile,
    validated: validated && own.publicUrl === undefined ? withoutAddress(validated) : validated,
    faults: [
      ...source.faults,
      ...[...source.findings, ...findings].map(({ path, ...rest }): Fault => ({ ...source.placeOf(path), ...rest })),
    ],
    placeOf: (path) => (isFromTop(path) ? placeOf(path) : source.placeOf(path)),
    isInherited: isFromTop,
  };
}

/** A fault of an app. */
export interface AppFault {
  readonly member: Member;
  readonly fault: Fault;
  readonly isInherited: boolean;
}

/** Every fault of the apps: their own, those among them, and private files in their front ends. */
export function memberFaults(members: readonly Member[], files: readonly string[]): AppFault[] {
  const configs = members.flatMap(({ validated }) => validated?.config ?? []);
  const isServed = createServedFilesCheck(configs, files);
  // An app whose identifier or path is invalid would only cause misleading clashes.
  const checked = members.map((member) => ({
    member,
    app: member.app,
    config: member.faults.length === 0 ? member.validated?.config : undefined,
  }));
  const clashes = clashFindings(checked);
  return checked.flatMap((entry) => {
    const { member } = entry;
    const config = member.validated?.config;
    const findings = [
      ...(member.validated?.findings ?? []),
      ...(config ? isServed(config) : []),
      ...(clashes.get(entry) ?? []),
    ];
    return [
      ...member.faults.map((fault) => ({ member, fault, isInherited: false })),
      ...findings.map(({ path, ...rest }) => ({
        member,
        fault: { ...member.placeOf(path), ...rest },
        isInherited: member.isInherited(path),
      })),
    ];
  });
}

const MAX_NAMES = 5;

function namesOf(apps: readonly string[]): string {
  const shown = apps.slice(0, MAX_NAMES).join(', ');
  const more = apps.length - MAX_NAMES;
  return `${apps.length === 1 ? 'app' : 'apps'} ${shown}${more > 0 ? ` and ${more} more` : ''}`;
}

/** Each fault once. One of an inherited option names the apps that have it, unless it is one of all apps or of the option itself. */
export function distinctFaults(found: readonly AppFault[], count: number): Fault[] {
  const groups = new Map<string, AppFault[]>();
  for (const entry of found) {
    const key = JSON.stringify(entry.fault);
    const group = groups.get(key);
    if (group) group.push(entry);
    else groups.set(key, [entry]);
  }
  return [...groups.values()].flatMap((group) => {
    const [first] = group;
    if (first === undefined) return [];
    const { fault } = first;
    const isPartial = group.every(({ isInherited }) => isInherited) && group.length < count;
    if (!isPartial) return [fault];
    return [{ ...fault, message: `${fault.message} (${namesOf(group.map(({ member }) => member.app.id))})` }];
  });
}

export type { Member };

/** The configurations as one: the first app, with the further ones. */
export function joinApps(configs: readonly Config[]): Config | undefined {
  const [first, ...further] = withSiblings(configs);
  return first && configOfApps([first, ...further]);
}

/** The apps of each host. */
function groupByHost(configs: readonly Config[]): Map<string, Config[]> {
  const groups = new Map<string, Config[]>();
  for (const config of configs)
    for (const host of cookieHostsOf(config)) groups.set(host, [...(groups.get(host) ?? []), config]);
  return groups;
}

/** The apps, each knowing the cookies of the other apps of its hosts, and the paths of those of its origin. */
function withSiblings(configs: readonly Config[]): Config[] {
  const byHost = groupByHost(configs);
  return configs.map((config) => {
    const { siblingCookies, siblingPaths: _paths, ...app } = config.app;
    const neighbours = new Set([...cookieHostsOf(config)].flatMap((host) => byHost.get(host) ?? []));
    neighbours.delete(config);
    if (neighbours.size === 0) return siblingCookies ? { ...config, app } : config;
    const siblings = [...neighbours];
    const paths = siblings
      .filter(({ publicUrl, app: { path } }) => publicUrl === config.publicUrl && path !== '')
      .map((sibling) => sibling.app.path);
    const known = { siblingCookies: siblings.map(sessionCookieName), ...(paths.length > 0 && { siblingPaths: paths }) };
    return { ...config, app: { ...app, ...known } };
  });
}
