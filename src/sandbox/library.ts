import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import * as library from 'odata-v4-server';

/** A node of the tree that `odata-v4-parser` builds: `raw` is its text, `value` its parts, by kind of node. */
export interface Token {
  readonly type: string;
  readonly raw: string;
  readonly value: unknown;
}

/** A class without members of its own, to be furnished with properties or methods by name. */
export type EmptyClass = new () => object;

type Decorate = (prototype: object, member: string) => void;
type DecorateParameter = (prototype: object, member: string, index: number) => void;

/** What is used of `odata-v4-server`, without its decorator syntax: decorators are plain functions there. */
export interface SandboxLibrary {
  readonly ODataServer: EmptyClass & {
    create(path: string, port: number, host: string): Server;
    readonly parser: { query(text: string): Token };
    /** The model that the library parses requests with, and what answers `$metadata`. */
    $metadata(): { requestHandler(): (request: IncomingMessage, response: ServerResponse) => void };
  };
  readonly ODataController: EmptyClass;
  readonly HttpRequestError: new (status: number, message: string) => Error;
  readonly odata: {
    readonly type: (elementType: EmptyClass) => (controller: EmptyClass) => void;
    readonly controller: (controller: EmptyClass, setName: string) => (server: EmptyClass) => void;
    readonly namespace: (name: string) => (server: EmptyClass) => void;
    readonly GET: Decorate & ((navigation: string) => Decorate);
    readonly key: DecorateParameter & ((name: string) => DecorateParameter);
    readonly query: DecorateParameter;
    readonly result: DecorateParameter;
  };
  readonly Edm: Readonly<Record<string, Decorate>> & {
    readonly Key: Decorate;
    readonly EntityType: (type: unknown) => Decorate;
    readonly Collection: (inner: unknown) => Decorate;
    readonly ForwardRef: (type: () => EmptyClass) => unknown;
  };
}

export const sandboxLibrary = library as unknown as SandboxLibrary;
