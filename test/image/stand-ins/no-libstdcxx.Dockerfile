# An engine's image on which Node.js cannot start.
ARG IMAGE
FROM ${IMAGE}
RUN rm -f /usr/lib/*/libstdc++.so.6*
