// A worker: does tasks of a Lockstep daemon. Needs nothing but Node.
//
//     node worker.ts [URL] [NAME]           Node 22.18 or later, which runs TypeScript as it is
//     npx tsx worker.ts [URL] [NAME]        older ones
//
// It asks for tasks, does them at once, and answers them together. While it works, heartbeats keep
// its tasks. SIGTERM and ctrl-C end it: what it has begun is done and answered, nothing new is asked
// for. If it is killed instead, its tasks go to another worker when their leases are over.
//
// A task may come more than once (a worker died, or the daemon did): give `idempotency_key` to
// whatever is called, so that it is done once. It stays the same; `attempt` grows.

type Task = {
  id: string;
  lease: string;
  kind: string;
  input: any;
  instance: string;
  workflow: string;
  activity: string;
  attempt: number;
  idempotency_key: string;
  fencing_token?: number;
  lease_until: string;
  deadline: string;
};
type TaskError = { code: string; message: string; retryable?: boolean };
type Answer = { id: string; lease: string; output?: unknown; error?: TaskError };
type Work = (task: Task, cancelled: AbortSignal) => Promise<unknown>;

const URL_OF_DAEMON = process.argv[2] ?? "http://127.0.0.1:7070";
const NAME = process.argv[3] ?? `node-${process.pid}`;
const BATCH = 50;
const LEASE_SECONDS = 30; // this worker may be silent so long

/** A task that cannot be done: the workflow can catch `code`. */
class TaskFailed extends Error {
  readonly error: TaskError;

  constructor(code: string, message: string, retryable = true) {
    super(message);
    this.error = { code, message, retryable };
  }
}

// --- What this worker can do: replace it by your own. -------------------------------------------

const KINDS: Record<string, Work> = {
  async price(task) {
    const { pieces } = task.input;
    if (pieces < 1) {
      throw new TaskFailed("quote.nothing", "a quote is for one piece or more", false);
    }
    return { cents: 250 * pieces };
  },
  // The mail server would know a mail that it has by its key, and not send it again.
  async "send-mail"(task) {
    return { id: `mail-${task.idempotency_key}` };
  },
};

// --- How it works with the daemon. ---------------------------------------------------------------

const stop = new AbortController(); // ends a poll; tasks that come then go to another worker
process.once("SIGTERM", () => stop.abort());
process.once("SIGINT", () => stop.abort());

async function post(path: string, body: object, signal?: AbortSignal) {
  const token = process.env["LOCKSTEP_TOKEN"];
  const response = await fetch(URL_OF_DAEMON + path, {
    method: "POST",
    headers: { "Content-Type": "application/json", ...(token && { Authorization: `Bearer ${token}` }) },
    body: JSON.stringify(body),
    signal: signal ?? null,
  });
  const text = await response.text();
  if (response.status >= 500) throw new Error(`the daemon answers ${response.status}`);
  return { status: response.status, told: text ? JSON.parse(text) : null };
}

async function poll(): Promise<Task[]> {
  const kinds = Object.keys(KINDS);
  const asked = { kinds, worker: NAME, max: BATCH, wait: "20s", lease: `${LEASE_SECONDS}s` };
  const { status, told } = await post("/v1/tasks:poll", asked, stop.signal);
  if (status !== 200) {
    console.error("the daemon refuses:", told);
    process.exit(1);
  }
  return told.tasks;
}

async function work(task: Task): Promise<Answer> {
  const answer = await answered(task);
  console.log(`${task.kind} ${task.id}: ${answer.error?.code ?? "done"}`);
  return answer;
}

async function answered(task: Task): Promise<Answer> {
  const { id, lease } = task;
  const cancelled = new AbortController();
  const heartbeat = setInterval(async () => {
    try {
      const { status, told } = await post(`/v1/tasks/${id}:heartbeat`, { lease });
      if (status === 409 || told.cancelled) cancelled.abort();
    } catch {} // the next one may come through
  }, (LEASE_SECONDS * 1000) / 3);
  try {
    return { id, lease, output: await KINDS[task.kind]?.(task, cancelled.signal) };
  } catch (error) {
    if (error instanceof TaskFailed) return { id, lease, error: error.error };
    // A mistake of this worker: the step's `retry` decides.
    return { id, lease, error: { code: "task.failed", message: String(error).slice(0, 1000) } };
  } finally {
    clearInterval(heartbeat);
  }
}

async function answer(answers: Answer[]) {
  for (;;) {
    try {
      const { status, told } = await post("/v1/tasks:complete", { tasks: answers });
      if (status !== 200) console.error("the daemon refuses:", told);
      for (const receipt of told.tasks ?? []) {
        if (!receipt.taken) console.error(`task ${receipt.id}: ${receipt.code}`);
      }
      return;
    } catch {
      await pause(); // it may have been taken: then the next answer is "lease lost"
    }
  }
}

const pause = () => new Promise((resolve) => setTimeout(resolve, 1000));

console.log(`${NAME} asks ${URL_OF_DAEMON} for tasks: ${Object.keys(KINDS).join(", ")}`);
while (!stop.signal.aborted) {
  try {
    const tasks = await poll();
    if (tasks.length > 0) await answer(await Promise.all(tasks.map(work)));
  } catch (error) {
    if (stop.signal.aborted) break;
    console.error("the daemon cannot be reached:", String(error));
    await pause();
  }
}

export {}; // it is a module, and may await
