declare module 'odata-csdl' {
  export function xml2json(xml: string): Record<string, unknown>;
}
declare module 'odata-openapi' {
  export function csdl2openapi(csdl: Record<string, unknown>): Record<string, unknown>;
}
