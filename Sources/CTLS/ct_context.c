#include "ct.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

// Most certificates of a chain, and of a client's authorities.
enum { CHAIN_BOUND = 16, AUTHORITIES_BOUND = 1024, ALPN_EXTENSION = 16 };

void ct_last_words(char *words, size_t count) {
  unsigned long code = ERR_peek_last_error();
  const char *reason = code ? ERR_reason_error_string(code) : NULL;
  snprintf(words, count, "%s", reason ? reason : "no reason was given");
  ERR_clear_error();
}

static int refused(ct_outcome *outcome, int problem) {
  outcome->problem = problem;
  ct_last_words(outcome->words, sizeof outcome->words);
  return 0;
}

// The pass phrase of a key: there is nobody to ask.
static int no_phrase(char *buffer, int size, int writing, void *asked) {
  (void)buffer, (void)size, (void)writing;
  *(int *)asked = 1;
  return -1;
}

static BIO *reader(ct_text text) {
  return text.count > 0 && text.count < (1u << 30) ? BIO_new_mem_buf(text.bytes, (int)text.count) : NULL;
}

static X509 *next_certificate(BIO *bio) {
  int asked = 0;
  X509 *certificate = PEM_read_bio_X509(bio, NULL, no_phrase, &asked);
  // The end of the text is an error too.
  unsigned long code = ERR_peek_last_error();
  int is_end = ERR_GET_LIB(code) == ERR_LIB_PEM && ERR_GET_REASON(code) == PEM_R_NO_START_LINE;
  if (!certificate && is_end) ERR_clear_error();
  return certificate;
}

static int64_t unix_time(const ASN1_TIME *time) {
  struct tm parts;
  return ASN1_TIME_to_tm(time, &parts) == 1 ? (int64_t)timegm(&parts) : 0;
}

static int is_in_time(X509 *certificate, int index, ct_context *context, int64_t now, ct_outcome *outcome) {
  int64_t from = unix_time(X509_get0_notBefore(certificate)), to = unix_time(X509_get0_notAfter(certificate));
  if (index == 0 || to < context->expiry) context->expiry = to;
  outcome->problem = now >= to ? CT_EXPIRED : now < from ? CT_NOT_YET_VALID : CT_OK;
  outcome->index = index;
  outcome->time = now >= to ? to : from;
  return outcome->problem == CT_OK;
}

static void note_serial(ct_context *context, X509 *certificate) {
  BIGNUM *number = ASN1_INTEGER_to_BN(X509_get0_serialNumber(certificate), NULL);
  char *digits = number ? BN_bn2hex(number) : NULL;
  if (digits) snprintf(context->serial, sizeof context->serial, "%s", digits);
  OPENSSL_free(digits);
  BN_free(number);
}

static int use_chain(ct_context *context, ct_text chain, int64_t now, ct_outcome *outcome) {
  BIO *bio = reader(chain);
  int index = 0, is_well = bio != NULL;
  while (is_well && index < CHAIN_BOUND) {
    X509 *certificate = next_certificate(bio);
    if (!certificate) break;
    is_well = is_in_time(certificate, index, context, now, outcome);
    if (is_well) {
      int taken = index == 0 ? SSL_CTX_use_certificate(context->ssl, certificate)
                             : (int)SSL_CTX_add1_chain_cert(context->ssl, certificate);
      if (taken != 1) is_well = refused(outcome, CT_REFUSED);
    }
    if (is_well && index == 0) note_serial(context, certificate);
    X509_free(certificate);
    index += 1;
  }
  BIO_free(bio);
  if (!is_well && outcome->problem != CT_OK) return 0;
  // Something that begins as a certificate and is none.
  if (ERR_peek_last_error()) return refused(outcome, CT_REFUSED);
  return index > 0 ? 1 : refused(outcome, CT_NO_CERTIFICATE);
}

static int use_key(ct_context *context, ct_text text, ct_outcome *outcome) {
  BIO *bio = reader(text);
  int asked = 0;
  EVP_PKEY *key = bio ? PEM_read_bio_PrivateKey(bio, NULL, no_phrase, &asked) : NULL;
  BIO_free(bio);
  if (!key) return refused(outcome, asked ? CT_KEY_ENCRYPTED : CT_NO_KEY);
  // With a certificate there already, taking a key compares the two.
  int is_taken = SSL_CTX_use_PrivateKey(context->ssl, key) == 1 && SSL_CTX_check_private_key(context->ssl) == 1;
  EVP_PKEY_free(key);
  if (is_taken) return 1;
  // The key of another certificate, or of another kind than the certificate's.
  unsigned long code = ERR_peek_last_error();
  int is_other = ERR_GET_LIB(code) == ERR_LIB_X509 || ERR_GET_REASON(code) == SSL_R_NO_CERTIFICATE_ASSIGNED;
  return refused(outcome, is_other ? CT_KEY_MISMATCH : CT_REFUSED);
}

static int trust(ct_context *context, ct_text text, int is_server, ct_outcome *outcome) {
  BIO *bio = reader(text);
  X509_STORE *store = SSL_CTX_get_cert_store(context->ssl);
  int count = 0, is_well = bio != NULL;
  while (is_well && count < AUTHORITIES_BOUND) {
    X509 *certificate = next_certificate(bio);
    if (!certificate) break;
    is_well = X509_STORE_add_cert(store, certificate) == 1;
    if (is_well && is_server) is_well = SSL_CTX_add_client_CA(context->ssl, certificate) == 1;
    X509_free(certificate);
    count += 1;
  }
  BIO_free(bio);
  if (!is_well || ERR_peek_last_error()) return refused(outcome, CT_REFUSED);
  return count > 0 ? 1 : refused(outcome, CT_NO_CLIENT_CA);
}

// One byte of length, then the name, as ALPN has it.
static int note_protocol(ct_context *context, const char *protocol) {
  size_t length = strlen(protocol);
  if (length == 0 || length >= sizeof context->protocol) return 0;
  context->protocol[0] = (unsigned char)length;
  memcpy(context->protocol + 1, protocol, length);
  return 1;
}

static int select_protocol(SSL *ssl, const unsigned char **out, unsigned char *out_count,
                           const unsigned char *offered, unsigned int count, void *argument) {
  (void)ssl;
  const ct_context *context = argument;
  unsigned char *chosen = NULL;
  int found = SSL_select_next_proto(&chosen, out_count, context->protocol, context->protocol[0] + 1u, offered, count);
  *out = chosen;
  return found == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
}

// Without the extension nothing is selected, and nobody would be asked.
static int demand_protocol(SSL *ssl, int *alert, void *argument) {
  (void)argument;
  const unsigned char *extension;
  size_t count;
  if (SSL_client_hello_get0_ext(ssl, ALPN_EXTENSION, &extension, &count) == 1) return SSL_CLIENT_HELLO_SUCCESS;
  *alert = SSL_AD_NO_APPLICATION_PROTOCOL;
  return SSL_CLIENT_HELLO_ERROR;
}

static ct_context *made(const SSL_METHOD *method, const char *protocol, ct_outcome *outcome) {
  memset(outcome, 0, sizeof *outcome);
  // What the machine's openssl.cnf says is for others.
  OPENSSL_init_ssl(OPENSSL_INIT_NO_LOAD_CONFIG, NULL);
  ERR_clear_error();
  ct_context *context = calloc(1, sizeof *context);
  if (context) context->ssl = SSL_CTX_new(method);
  if (context && context->ssl && note_protocol(context, protocol) &&
      SSL_CTX_set_min_proto_version(context->ssl, TLS1_2_VERSION) == 1 &&
      SSL_CTX_set_cipher_list(context->ssl, "ECDHE+AESGCM:ECDHE+CHACHA20") == 1) {
    SSL_CTX_set_options(context->ssl, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION |
                                          SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
    // Idle connections hold no buffers, and a write is taken up again from another address.
    SSL_CTX_set_mode(context->ssl, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                                       SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_session_cache_mode(context->ssl, SSL_SESS_CACHE_OFF);
    return context;
  }
  refused(outcome, CT_REFUSED);
  ct_context_free(context);
  return NULL;
}

ct_context *ct_server(ct_text chain, ct_text key, ct_text client_ca, const char *protocol, int required,
                      int64_t now, ct_outcome *outcome) {
  ct_context *context = made(TLS_server_method(), protocol, outcome);
  if (!context) return NULL;
  static const unsigned char name[] = "apus";
  SSL_CTX_set_session_id_context(context->ssl, name, sizeof name - 1);
  SSL_CTX_set_alpn_select_cb(context->ssl, select_protocol, context);
  if (required) SSL_CTX_set_client_hello_cb(context->ssl, demand_protocol, NULL);
  int is_well = use_chain(context, chain, now, outcome) && use_key(context, key, outcome);
  if (is_well && client_ca.count > 0) {
    is_well = trust(context, client_ca, 1, outcome);
    SSL_CTX_set_verify(context->ssl, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
  }
  if (is_well) return context;
  ct_context_free(context);
  return NULL;
}

ct_context *ct_client(ct_text ca, const char *protocol, ct_outcome *outcome) {
  ct_context *context = made(TLS_client_method(), protocol, outcome);
  if (!context) return NULL;
  SSL_CTX_set_verify(context->ssl, SSL_VERIFY_PEER, NULL);
  int is_well = SSL_CTX_set_alpn_protos(context->ssl, context->protocol, context->protocol[0] + 1u) == 0;
  is_well = is_well && (ca.count > 0 ? trust(context, ca, 0, outcome)
                                     : SSL_CTX_set_default_verify_paths(context->ssl) == 1);
  if (is_well) return context;
  if (outcome->problem == CT_OK) refused(outcome, CT_REFUSED);
  ct_context_free(context);
  return NULL;
}

int64_t ct_expiry(const ct_context *context) { return context->expiry; }
const char *ct_serial(const ct_context *context) { return context->serial; }

void ct_context_free(ct_context *context) {
  if (!context) return;
  SSL_CTX_free(context->ssl);
  free(context);
}
