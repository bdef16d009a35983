/**
 * What node is started with for the server; it can not be set once a process runs. package.json, the Dockerfile and
 * main.ts name it too.
 *
 * V8 marks a heap with helper threads and waits for them; where models use every core, those threads wait for a turn,
 * and the front stood still for up to 20 ms in a collection that takes 2 (docs/adr/0005). Its heap is small enough to be
 * collected alone.
 *
 * In a nursery of 16 MB, the default, buffers of requests that are long answered gather: the front grew by 8 MB in eight
 * loads of a model, with 2 MB by 2. The price is a collection every 64 requests: an eighth of what a small one costs
 * (docs/adr/0016).
 */
export const SERVER_NODE_FLAGS = ['--single-threaded-gc', '--max-semi-space-size=2'] as const;
