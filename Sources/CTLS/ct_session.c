#include "ct.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct ct_session {
  SSL *ssl;
  const uint8_t *in;
  size_t in_count;
  uint8_t *out;
  size_t out_count, out_put;
  char words[160];
};

// The BIO of a session: what came in, until it is empty, and room for what goes out, until it is full.

static int wire_read(BIO *bio, char *bytes, size_t count, size_t *done) {
  ct_session *session = BIO_get_data(bio);
  BIO_clear_retry_flags(bio);
  *done = session->in_count < count ? session->in_count : count;
  if (*done == 0) {
    BIO_set_retry_read(bio);
    return 0;
  }
  memcpy(bytes, session->in, *done);
  session->in += *done;
  session->in_count -= *done;
  return 1;
}

static int wire_write(BIO *bio, const char *bytes, size_t count, size_t *done) {
  ct_session *session = BIO_get_data(bio);
  BIO_clear_retry_flags(bio);
  size_t room = session->out_count - session->out_put;
  *done = room < count ? room : count;
  if (*done == 0) {
    BIO_set_retry_write(bio);
    return 0;
  }
  memcpy(session->out + session->out_put, bytes, *done);
  session->out_put += *done;
  return 1;
}

static long wire_control(BIO *bio, int command, long number, void *pointer) {
  (void)bio, (void)number, (void)pointer;
  return command == BIO_CTRL_FLUSH;
}

static BIO_METHOD *wire;
static pthread_once_t once = PTHREAD_ONCE_INIT;

// For the life of the process.
static void make_wire(void) {
  BIO_METHOD *method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "memory of the loop");
  if (method && BIO_meth_set_read_ex(method, wire_read) && BIO_meth_set_write_ex(method, wire_write) &&
      BIO_meth_set_ctrl(method, wire_control))
    wire = method;
}

static ct_session *opened(ct_context *context) {
  pthread_once(&once, make_wire);
  ct_session *session = calloc(1, sizeof *session);
  BIO *bio = wire ? BIO_new(wire) : NULL;
  if (session) session->ssl = SSL_new(context->ssl);
  if (!bio || !session || !session->ssl) {
    BIO_free(bio);
    ct_session_free(session);
    return NULL;
  }
  BIO_set_data(bio, session);
  BIO_set_init(bio, 1);
  SSL_set_bio(session->ssl, bio, bio);
  return session;
}

ct_session *ct_accept(ct_context *context) {
  ct_session *session = opened(context);
  if (session) SSL_set_accept_state(session->ssl);
  return session;
}

ct_session *ct_connect(ct_context *context, const char *host) {
  ct_session *session = opened(context);
  if (!session) return NULL;
  SSL_set_connect_state(session->ssl);
  X509_VERIFY_PARAM *wanted = SSL_get0_param(session->ssl);
  // An address is no name, and is not told to the server.
  int is_set = X509_VERIFY_PARAM_set1_ip_asc(wanted, host) == 1 ||
               (SSL_set1_host(session->ssl, host) == 1 && SSL_set_tlsext_host_name(session->ssl, host) == 1);
  ERR_clear_error();
  if (is_set) return session;
  ct_session_free(session);
  return NULL;
}

void ct_session_free(ct_session *session) {
  if (!session) return;
  SSL_free(session->ssl);
  free(session);
}

void ct_offer(ct_session *session, const void *bytes, size_t count) {
  session->in = bytes;
  session->in_count = count;
}

size_t ct_unread(const ct_session *session) { return session->in_count; }

void ct_room(ct_session *session, void *bytes, size_t count) {
  session->out = bytes;
  session->out_count = count;
  session->out_put = 0;
}

size_t ct_put(const ct_session *session) { return session->out_put; }

static int waits(ct_session *session, int result) {
  switch (SSL_get_error(session->ssl, result)) {
    case SSL_ERROR_WANT_READ: return CT_NEEDS_BYTES;
    case SSL_ERROR_WANT_WRITE: return CT_NEEDS_ROOM;
    case SSL_ERROR_ZERO_RETURN: return CT_ENDED;
    default: break;
  }
  long verdict = SSL_get_verify_result(session->ssl);
  if (verdict == X509_V_OK || SSL_is_init_finished(session->ssl)) {
    ct_last_words(session->words, sizeof session->words);
  } else {
    snprintf(session->words, sizeof session->words, "%s", X509_verify_cert_error_string(verdict));
  }
  ERR_clear_error();
  return CT_FAILED;
}

// OpenSSL looks for what went wrong in a list of the thread's, where others' errors must not stand.

int ct_handshake(ct_session *session) {
  ERR_clear_error();
  int result = SSL_do_handshake(session->ssl);
  return result == 1 ? 1 : waits(session, result);
}

int64_t ct_read(ct_session *session, void *bytes, size_t count) {
  ERR_clear_error();
  size_t done = 0;
  int result = SSL_read_ex(session->ssl, bytes, count, &done);
  return result == 1 ? (int64_t)done : waits(session, result);
}

int64_t ct_write(ct_session *session, const void *bytes, size_t count) {
  ERR_clear_error();
  size_t done = 0;
  int result = SSL_write_ex(session->ssl, bytes, count, &done);
  return result == 1 ? (int64_t)done : waits(session, result);
}

int ct_close(ct_session *session) {
  ERR_clear_error();
  int result = SSL_shutdown(session->ssl);
  return result >= 0 ? 1 : waits(session, result);
}

void ct_words(const ct_session *session, char *words, size_t count) { snprintf(words, count, "%s", session->words); }
