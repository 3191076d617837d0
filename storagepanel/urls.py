from django.urls import include, path

from storagepanel.first_admin import first_admin
from storagepanel.health import healthz

urlpatterns = [
    path("healthz/", healthz, name="healthz"),
    path("first-admin/<str:token>/", first_admin, name="first-admin"),
    # provisioning first: volumes/new/ is its form, volumes/<name>/ a page of clusters.
    path("", include("provisioning.urls")),
    path("", include("clusters.urls")),
]

handler400 = "clusters.views.errors.bad_request"
handler403 = "clusters.views.errors.forbidden"
handler404 = "clusters.views.errors.not_found"
