// OpenSSL's TLS as Swift can use it: contexts made of PEM texts, and sessions that read and write memory,
// as the macros and callbacks of libssl import badly. Nothing here does I/O, and nothing runs before
// the first context is made.
#pragma once
#include <stddef.h>
#include <stdint.h>

typedef struct ct_context ct_context;
typedef struct ct_session ct_session;

typedef struct {
  const uint8_t *bytes;
  size_t count;
} ct_text;

// What is wrong with a context's texts.
enum {
  CT_OK = 0,
  CT_NO_CERTIFICATE,   // the chain holds none in PEM
  CT_NO_KEY,           // the key's text holds none in PEM
  CT_KEY_ENCRYPTED,
  CT_KEY_MISMATCH,
  CT_EXPIRED,          // certificate `index` of the chain, at `time`
  CT_NOT_YET_VALID,
  CT_NO_CLIENT_CA,     // the text of the authorities holds none
  CT_REFUSED,          // by OpenSSL, in `words`
};
typedef struct {
  int problem;
  int index;
  int64_t time;
  char words[160];
} ct_outcome;

// A server's: `client_ca` is empty where clients need no certificate. `protocol` is the only one of
// ALPN; with `required` a client must offer it, else it may leave ALPN out. `now` is Unix time.
ct_context *ct_server(ct_text chain, ct_text key, ct_text client_ca, const char *protocol, int required,
                      int64_t now, ct_outcome *outcome);
// A client's: `ca` is empty for the authorities that the system trusts.
ct_context *ct_client(ct_text ca, const char *protocol, ct_outcome *outcome);
// When the first certificate of the chain expires: Unix time.
int64_t ct_expiry(const ct_context *context);
// The serial number of the server's own certificate in hexadecimal, zero-terminated.
const char *ct_serial(const ct_context *context);
void ct_context_free(ct_context *context);

// A session holds its context. `host` is a client's: the name that the server's certificate must have, or
// its IP address. NULL for want of memory.
ct_session *ct_accept(ct_context *context);
ct_session *ct_connect(ct_context *context, const char *host);
void ct_session_free(ct_session *session);

// Where a session finds what came in, and puts what is to go out; valid until the next call of these two.
void ct_offer(ct_session *session, const void *bytes, size_t count);
size_t ct_unread(const ct_session *session);
void ct_room(ct_session *session, void *bytes, size_t count);
// Bytes put there since.
size_t ct_put(const ct_session *session);

// Below 0 what a step waits for, or that it failed.
enum { CT_NEEDS_BYTES = -1, CT_NEEDS_ROOM = -2, CT_ENDED = -3, CT_FAILED = -4 };
// 1 when it is done.
int ct_handshake(ct_session *session);
// Bytes read or written: at least one. CT_ENDED: the other side has said that it sends no more.
int64_t ct_read(ct_session *session, void *bytes, size_t count);
int64_t ct_write(ct_session *session, const void *bytes, size_t count);
// Says that no more will be sent: 1 when that is out.
int ct_close(ct_session *session);
// Why it failed, zero-terminated.
void ct_words(const ct_session *session, char *words, size_t count);
