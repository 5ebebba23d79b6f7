import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Lets a Node process do something that it never does by itself: opens its inspector, on the port
 * that its `--inspect-port` names, and evaluates the expression there. The inspector stays open,
 * and the port taken, until the process ends: where one was closed, Node 26 has died of SIGSEGV.
 * Throws when that takes longer than 10 s, or when the expression throws.
 */
export async function evaluateIn(pid: number, port: number, expression: string): Promise<void> {
  const signal = AbortSignal.timeout(10_000);
  process.kill(pid, 'SIGUSR1');
  const socket = new WebSocket(await debuggerUrl(port, signal));
  try {
    await opened(socket, signal);
    // What the expression is evaluated to may be large: only whether it threw comes back.
    await command(
      socket,
      signal,
      `if (process.pid !== ${pid}) throw new Error('the port is that of process ' + process.pid);
      void (${expression})`,
    );
  } finally {
    socket.close();
  }
}

async function debuggerUrl(port: number, signal: AbortSignal): Promise<string> {
  for (;;) {
    try {
      const answer = await fetch(`http://127.0.0.1:${port}/json/list`, { signal });
      const [target] = (await answer.json()) as { webSocketDebuggerUrl: string }[];
      return target!.webSocketDebuggerUrl;
    } catch {
      // It does not listen yet.
      await sleep(100, undefined, { signal });
    }
  }
}

function opened(socket: WebSocket, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.addEventListener('open', () => resolve());
    socket.addEventListener('error', () => reject(new Error('the inspector does not answer')));
    signal.addEventListener('abort', () => reject(signal.reason as Error));
  });
}

function command(socket: WebSocket, signal: AbortSignal, expression: string): Promise<void> {
  return new Promise((resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason as Error));
    const heard = ({ data }: MessageEvent) => {
      const { result } = JSON.parse(String(data)) as { result?: { exceptionDetails?: unknown } };
      if (result?.exceptionDetails === undefined) resolve();
      else reject(new Error(JSON.stringify(result.exceptionDetails)));
    };
    socket.addEventListener('message', heard, { once: true });
    const params = { expression };
    socket.send(JSON.stringify({ id: 1, method: 'Runtime.evaluate', params }));
  });
}
