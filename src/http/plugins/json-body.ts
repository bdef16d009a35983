import type { FastifyInstance } from 'fastify';

/**
 * Most that is parsed on this thread, whatever an inference may have: management needs little, and 64 KiB are parsed
 * in a few milliseconds, however they are nested. 1 MiB of brackets took 0.3 s.
 */
export const MAX_JSON_BODY_BYTES = 64 * 1024;

/** JSON bodies that may be empty: many clients announce JSON and send nothing. The schema says if that will do. */
export function addJsonBodies(app: FastifyInstance): void {
  addParser(app, 'application/json');
}

/** JSON whatever the content type says: Triton's clients send none, and curl's default is a form. */
export function addUntypedJsonBodies(app: FastifyInstance): void {
  forgetContentType(app);
  addParser(app, '*');
}

/** A content type that can not be parsed would be refused before any parser is asked. */
export function forgetContentType(app: FastifyInstance): void {
  app.addHook('onRequest', (request, _reply, done) => {
    delete request.headers['content-type'];
    done();
  });
}

function addParser(app: FastifyInstance, contentType: string): void {
  const parseJson = app.getDefaultJsonParser('error', 'error');
  app.removeAllContentTypeParsers();
  app.addContentTypeParser(contentType, { parseAs: 'string' }, (request, body, done) => {
    // `parseAs: 'string'` gives a string.
    const text = body as string;
    if (text.length === 0) done(null, undefined);
    else parseJson(request, text, done);
  });
}
