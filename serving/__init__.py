"""Store, inbox, worker, API, feed, command line. No text rules of its own: it keeps what `nlp` says and answers questions.

The way of a document: `inbox.accept` (document and inbox row, one transaction) → `worker` claims, analyses outside the
transaction, then `filing.file_reading` stores articles and cases, `incidents` resolves and numbers changes, and the inbox
row is marked done, again in one transaction.

What the web API and the command line call (all take a `session` of `Store.reading()` or `Store.writing()` first):

    serving.store      open_store(url) -> Store;  store.reading(), store.writing(), store.close(), store.address
    serving.settings   load(store=None) -> Settings (store, model, batch, analyzer)
    serving.inbox      accept(session, document, batch=None, idempotency_key=None, body_hash="") -> Accepted(document_id,
                       outcome "new"|"already", report_id);  counts(session);  retry_failed(session)
    serving.worker     Worker(store, analyzer): process(document_ids) for a request that waits for its answer,
                       drain(on_progress=None) -> WorkSummary for all that waits, run(stop_event) for a background thread;
                       load_analyzer(settings) -> what has .analyze(documents)
    serving.queries    list_incidents(session, IncidentFilter(...), viewer, cursor, limit) -> Page (rows, next_cursor);
                       get_incident(session, id, viewer) (follows redirects, NotFoundError);  list_changes(session, after,
                       limit, viewer);  get_document(session, id), articles_of(session, document_id),
                       cases_of(session, document_id), incidents_of(session, document_id);  get_report(session, id),
                       find_report(session, external_id=, idempotency_key=), list_reports(...);  list_documents(...)
    serving.views      incident_view(row, viewer) -> dict with evidence, incident_line(row, viewer) -> dict without
    serving.reports    receive(session, document, external_id=, idempotency_key=) -> Received, correct(session, id, by=, document=,
                       kind=, label=, note=), review(session, id, by=), withdraw(session, id), view(row)
    serving.batches    start(session, source, nature), add(session, batch, items), finish, undo(session, id), get, rows, listing
    serving.incidents  withdraw_documents(session, ids), rebuild(session, incident_ids)
    serving.resolution attach, detach, settle, merge: who belongs to which incident; best_links(session, incident_id)
    serving.changes    last_number(session)
    serving.store.shapes  dump(record), load_incident(data), load_case(data), load_analysis(data)
    serving.doctor     examine(settings) -> Finding rows (also what /readyz may ask)
"""
