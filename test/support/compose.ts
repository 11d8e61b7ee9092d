/** docker-compose.yml as Compose reads it: anchors merged, variables put in. */
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';

export interface ComposeService {
  readonly build?: string;
  readonly image: string;
  readonly command?: readonly string[];
  readonly entrypoint?: readonly string[];
  readonly restart?: string;
  readonly environment?: Readonly<Record<string, string>>;
  readonly volumes?: readonly string[];
  readonly ports?: readonly string[];
  readonly networks?: readonly string[];
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
  readonly healthcheck?: { readonly test: readonly string[] };
}

export interface Compose {
  readonly services: Readonly<Record<string, ComposeService>>;
  readonly volumes: Readonly<Record<string, unknown>>;
  readonly networks: Readonly<Record<string, unknown>>;
}

export function readCompose(): Compose {
  return parse(readFileSync(new URL('../../docker-compose.yml', import.meta.url), 'utf8'), { merge: true }) as Compose;
}

/** A service's environment. Throws an Error when a required variable is not given, as Compose does. */
export function composeEnvironment(
  service: ComposeService,
  given: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  const put = (_all: string, name: string, how: string | undefined, otherwise: string): string => {
    const value = given[name] ?? '';
    if (value !== '' || how !== ':?') return value === '' && how === ':-' ? otherwise : value;
    throw new Error(`${name} is missing: ${otherwise}`);
  };
  return Object.fromEntries(
    Object.entries(service.environment ?? {}).map(([name, value]) => [
      name,
      value.replace(/\$\{(\w+)(:[?-])?([^}]*)\}/g, put),
    ]),
  );
}
