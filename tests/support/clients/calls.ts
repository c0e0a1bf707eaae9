/** Calls an archive through the generated client, and prints what the answers say, as JSON. */
import { archive, type Schemas } from "instarchiver-client";

declare const process: { argv: string[] };

const [origin = "", key = "", email = "", password = ""] = process.argv.slice(2);
const api = archive(origin, key);

/** What a call answered. Throws if it was refused. */
function given<Data>(answer: { data?: Data; response: Response }): Data {
  if (answer.data === undefined) {
    throw new Error(`${answer.response.url} answered ${answer.response.status}`);
  }
  return answer.data;
}

async function signedIn(): Promise<string> {
  const body = { email, password };
  const pair = given(await archive(origin).POST("/authentication/login/", { body }));
  return given(await archive(origin, pair.access).GET("/authentication/me/")).email;
}

async function posts(cursor?: string): Promise<Schemas["PaginatedPostList"]> {
  const query = cursor === undefined ? { page_size: 1 } : { page_size: 1, cursor };
  return given(await api.GET("/instagram/posts/", { params: { query } }));
}

async function pages(): Promise<string[]> {
  const first = await posts();
  const cursor = new URL(first.next ?? "").searchParams.get("cursor") ?? undefined;
  const second = await posts(cursor);
  return [...first.results, ...second.results].map((post) => post.id);
}

async function profile(): Promise<[string, number]> {
  const page = given(await api.GET("/instagram/users/"));
  const uuid = page.results[0]?.uuid ?? "";
  const path = { uuid };
  const user = given(await api.GET("/instagram/users/{uuid}/", { params: { path } }));
  return [user.username, user.follower_count];
}

async function added(): Promise<[number, Schemas["RunState"]]> {
  const body = { username: "new.profile" };
  const answer = await api.POST("/instagram/users/", { body });
  return [answer.response.status, given(answer).run.state];
}

async function missing(): Promise<[number, string | undefined]> {
  const path = { id: "1" };
  const { error, response } = await api.GET("/instagram/posts/{id}/", { params: { path } });
  return [response.status, error?.detail];
}

const found = {
  email: await signedIn(),
  profile: await profile(),
  posts: await pages(),
  stories: given(await api.GET("/instagram/stories/")).results.map((story) => story.story_id),
  highlights: given(await api.GET("/instagram/highlights/")).results.map((each) => each.title),
  changes: given(await api.GET("/instagram/changes/")).results.map((change) => change.fields),
  added: await added(),
  runs: given(await api.GET("/instagram/runs/")).results.map((run) => run.user.username),
  statistic: given(await api.GET("/instagram/statistic/")),
  missing: await missing(),
};
console.log(JSON.stringify(found));
