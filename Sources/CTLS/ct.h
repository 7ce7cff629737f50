// What the files of this target share.
#pragma once
#include <openssl/ssl.h>

#include "CTLS.h"

struct ct_context {
  SSL_CTX *ssl;
  int64_t expiry;
  char serial[48];
  // In ALPN's own form.
  unsigned char protocol[16];
};

// The reason of OpenSSL's last error on this thread, which is forgotten with it.
void ct_last_words(char *words, size_t count);
