import { parentPort } from 'node:worker_threads';
import type { StageOutput } from './feed-output.ts';
import { PipelineRunner } from './pipeline-runner.ts';
import { type FromWorker, type ToWorker, withOwnMemory } from './worker-message.ts';

/** The pipelines that run in this worker thread, by number, and the number of their run. See `WorkerPool`. */
const runners = new Map<number, { runner: PipelineRunner; run: number }>();

function reply(message: FromWorker): void {
  parentPort?.postMessage(message);
}

function answer(runner: PipelineRunner, message: ToWorker): StageOutput[] {
  switch (message.do) {
    case 'open':
      return runner.open(message.setup);
    case 'add':
      return runner.add(message.stage, message.keep);
    case 'send':
      return runner.handle(message.message);
    case 'save':
    case 'learned': {
      const { pipeline, request } = message;
      try {
        reply({ pipeline, request, result: message.do === 'save' ? runner.save() : runner.learned() });
      } catch (error) {
        reply({ pipeline, request, error: error instanceof Error ? error.message : String(error) });
      }
      return [];
    }
    case 'close':
      runner.close();
      runners.delete(message.pipeline);
      return [];
  }
}

parentPort?.on('message', (message: ToWorker) => {
  const { pipeline } = message;
  const running = runners.get(pipeline) ?? { runner: new PipelineRunner(), run: 0 };
  runners.set(pipeline, running);
  if (message.do === 'open') running.run = message.run;
  const outputs = answer(running.runner, message);
  if (outputs.length > 0) reply({ pipeline, run: running.run, outputs: outputs.map(withOwnMemory) });
});
