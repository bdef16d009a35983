/**
 * What node is started with for the server. V8 marks a heap with helper threads and waits for them; where models use
 * every core, those threads wait for a turn, and the front stood still for up to 20 ms in a collection that takes 2
 * (docs/adr/0005). Its heap is small enough to be collected alone. This can not be set once a process runs:
 * package.json, the Dockerfile and main.ts name it too.
 */
export const SERVER_NODE_FLAGS = ['--single-threaded-gc'] as const;
