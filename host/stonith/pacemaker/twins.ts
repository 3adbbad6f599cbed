/**
 * Other resources that start the same virtual machine: what is stopped as one of them runs as the other. They have the
 * same `config`, in whichever way it is written: in themselves, in a template, or by reference (`id-ref`). Pure.
 */
import { xpathLiteral } from '../../pacemaker/cib-query.ts';
import { childrenNamed, type XmlElement } from '../../xml/xml-element.ts';

/** How a resource says which virtual machine it is. */
export interface Definition {
  /** The domain's XML file. */
  readonly config: string;
  /** Of its own sets and values, which others may refer to. */
  readonly ids: readonly string[];
  /** Where it has its `config` from, unless it has it itself. */
  readonly template: string | undefined;
}

/** Undefined: the resource does not say it itself, see `sourcesXPath`. */
export function definitionOf(
  resource: XmlElement,
  sources: readonly XmlElement[] = [],
): Definition | undefined {
  const parts = partsOf(resource);
  const own = configIn(parts);
  const config =
    own ?? configIn(sources.flatMap((source) => [source, ...partsOf(source), ...pairsOf(source)]));
  if (config === undefined) return undefined;
  const ids = parts.flatMap(({ attributes }) => attributes['id'] ?? []);
  return { config, ids, template: own === undefined ? resource.attributes['template'] : undefined };
}

/** What holds the `config` of a resource that does not say it itself; undefined: nothing can. */
export function sourcesXPath(resource: XmlElement): string | undefined {
  const { template } = resource.attributes;
  const isIt = (ids: readonly string[]) => ids.map((id) => `@id=${xpathLiteral(id)}`).join(' or ');
  const references = referencesOf(resource);
  const paths = [
    ...(template === undefined ? [] : [`//resources//template[${isIt([template])}]`]),
    ...(references.length === 0 ? [] : [`//resources//instance_attributes[${isIt(references)}]`]),
    ...(references.length === 0 ? [] : [`//resources//nvpair[${isIt(references)}]`]),
  ];
  return paths.length === 0 ? undefined : paths.join(' | ');
}

export function twinsXPath(resource: string, { config, ids, template }: Definition): string {
  const isOther = `[@id!=${xpathLiteral(resource)}]`;
  const pair = `[instance_attributes/nvpair[@name="config" and @value=${xpathLiteral(config)}]]`;
  const refersTo = ids.map((id) => `@id-ref=${xpathLiteral(id)}`).join(' or ');
  const ofTemplate = template === undefined ? '' : `[@id!=${xpathLiteral(template)}]`;
  return [
    `//resources//primitive${isOther}${pair}`,
    `//resources//template${ofTemplate}${pair}`,
    ...(ids.length === 0
      ? []
      : [
          `//resources//primitive${isOther}[instance_attributes[${refersTo}] or instance_attributes/nvpair[${refersTo}]]`,
        ]),
    ...(template === undefined
      ? []
      : [`//resources//primitive${isOther}[@template=${xpathLiteral(template)}]`]),
  ].join(' | ');
}

/** Of what `twinsXPath` and other paths have found together. */
export function isTwin(element: XmlElement, { config, ids, template }: Definition): boolean {
  const own = configIn(partsOf(element));
  if (own !== undefined) return own === config;
  const isOfTemplate = template !== undefined && element.attributes['template'] === template;
  return isOfTemplate || referencesOf(element).some((reference) => ids.includes(reference));
}

/** Its sets and their values. */
const partsOf = (element: XmlElement): readonly XmlElement[] =>
  childrenNamed(element, 'instance_attributes').flatMap((set) => [set, ...pairsOf(set)]);

const pairsOf = (set: XmlElement): readonly XmlElement[] => childrenNamed(set, 'nvpair');

const configIn = (parts: readonly XmlElement[]): string | undefined =>
  parts.find(({ attributes }) => attributes['name'] === 'config')?.attributes['value'];

const referencesOf = (element: XmlElement): readonly string[] =>
  partsOf(element).flatMap(({ attributes }) => attributes['id-ref'] ?? []);
