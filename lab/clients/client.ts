/** A typed client of an Instarchiver, made from its OpenAPI document. */
import createClient, { type Client, type ClientOptions } from "openapi-fetch";
import type { components, paths } from "./schema.js";

export type Archive = Client<paths>;
export type Schemas = components["schemas"];

/** The archive at this origin. `token` is an API key or an access token. */
export function archive(origin: string, token?: string, options: ClientOptions = {}): Archive {
  const headers = token === undefined ? {} : { Authorization: `Bearer ${token}` };
  return createClient<paths>({ headers, ...options, baseUrl: origin });
}
