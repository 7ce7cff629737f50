// libmicrohttpd without TLS, which ends before it (EventLoop/TLSRelay.swift). Debian's shared library
// needs GnuTLS and eight libraries behind it: 2.7 MB resident and 3 ms of every start, for code that no
// daemon of ours enters. So the static library is linked, and what it wants of GnuTLS stands here. The symbols are
// hidden: a library that brings the real GnuTLS along keeps it.

#include <stdlib.h>

#define HIDDEN __attribute__((visibility("hidden")))

// libmicrohttpd calls these two when the process starts and ends.
HIDDEN int gnutls_global_init(void) { return 0; }
HIDDEN void gnutls_global_deinit(void) {}

// The others are reached only through MHD_USE_TLS, which `mhd_start` never sets.
HIDDEN void absent_gnutls(void) { abort(); }
#define ABSENT(name) HIDDEN __attribute__((alias("absent_gnutls"))) void name(void)

ABSENT(gnutls_alpn_set_protocols);
ABSENT(gnutls_bye);
ABSENT(gnutls_certificate_allocate_credentials);
ABSENT(gnutls_certificate_free_credentials);
ABSENT(gnutls_certificate_server_set_request);
ABSENT(gnutls_certificate_set_dh_params);
ABSENT(gnutls_certificate_set_retrieve_function2);
ABSENT(gnutls_certificate_set_retrieve_function3);
ABSENT(gnutls_certificate_set_x509_key_mem);
ABSENT(gnutls_certificate_set_x509_key_mem2);
ABSENT(gnutls_certificate_set_x509_trust_mem);
ABSENT(gnutls_cipher_get);
ABSENT(gnutls_credentials_set);
ABSENT(gnutls_deinit);
ABSENT(gnutls_dh_params_deinit);
ABSENT(gnutls_dh_params_import_pkcs3);
ABSENT(gnutls_dh_params_init);
ABSENT(gnutls_handshake);
ABSENT(gnutls_init);
ABSENT(gnutls_malloc);
ABSENT(gnutls_priority_deinit);
ABSENT(gnutls_priority_init);
ABSENT(gnutls_priority_set);
ABSENT(gnutls_protocol_get_version);
ABSENT(gnutls_psk_allocate_server_credentials);
ABSENT(gnutls_psk_free_server_credentials);
ABSENT(gnutls_psk_set_server_credentials_function);
ABSENT(gnutls_record_check_pending);
ABSENT(gnutls_record_get_direction);
ABSENT(gnutls_record_recv);
ABSENT(gnutls_record_send);
ABSENT(gnutls_session_get_ptr);
ABSENT(gnutls_session_set_ptr);
ABSENT(gnutls_strerror);
ABSENT(gnutls_transport_set_int2);
