from django.urls import include, path

urlpatterns = [
    path("", include("clusters.urls")),
    path("", include("provisioning.urls")),
]
