from django.urls import path

from provisioning.views import (
    draft,
    draft_contents,
    draft_nodes,
    export_change,
    export_new,
    forget,
    job,
    jobs_list,
    mend,
    nfs,
    resource_grow,
    simulation,
    snapshots,
    volume_delete,
    volume_edit,
    volume_grow,
    volume_new,
)

urlpatterns = [
    path("new/", draft.cluster_new, name="cluster-new"),
    path("c/<slug:slug>/draft/", draft.resume, name="cluster-draft-resume"),
    path("c/<slug:slug>/draft/remove/<str:kind>/<int:pk>/", draft_contents.remove, name="draft-remove"),
    path("c/<slug:slug>/draft/<slug:step>/", draft.draft, name="cluster-draft"),
    path("c/<slug:slug>/nodes/<int:pk>/host-key/", draft_nodes.ask_host_key, name="node-ask-host-key"),
    path("c/<slug:slug>/nodes/<int:pk>/pin/", draft_nodes.pin_host_key, name="node-pin"),
    path("c/<slug:slug>/nodes/<int:pk>/install-key/", draft_nodes.install_key, name="node-install-key"),
    path("c/<slug:slug>/volumes/new/", volume_new.volume_new, name="volume-new"),
    path("c/<slug:slug>/resource/grow/", resource_grow.resource_grow, name="resource-grow"),
    path("c/<slug:slug>/volumes/<str:name>/edit/", volume_edit.volume_edit, name="volume-edit"),
    path("c/<slug:slug>/volumes/<str:name>/delete/", volume_delete.volume_delete, name="volume-delete"),
    path("c/<slug:slug>/volumes/<str:name>/grow/", volume_grow.volume_grow, name="volume-grow"),
    path("c/<slug:slug>/exports/new/", export_new.export_new, name="export-new"),
    path("c/<slug:slug>/exports/<int:fsid>/edit/", export_change.export_edit, name="export-edit"),
    path("c/<slug:slug>/exports/<int:fsid>/withdraw/", export_change.export_withdraw, name="export-withdraw"),
    path("c/<slug:slug>/volumes/<str:name>/snapshots/new/", snapshots.snapshot_new, name="snapshot-new"),
    path("c/<slug:slug>/volumes/<str:name>/snapshots/schedule/", snapshots.snapshot_schedule, name="snapshot-schedule"),
    path("c/<slug:slug>/volumes/<str:name>/snapshots/<str:snapshot>/", snapshots.snapshot_page, name="snapshot"),
    path(
        "c/<slug:slug>/volumes/<str:name>/snapshots/<str:snapshot>/open/", snapshots.snapshot_open, name="snapshot-open"
    ),
    *(
        path(
            f"c/<slug:slug>/volumes/<str:name>/snapshots/<str:snapshot>/{verb}/",
            snapshots.snapshot_change,
            {"verb": verb},
            name=f"snapshot-{verb}",
        )
        for verb in snapshots.NAMED
    ),
    path("c/<slug:slug>/nfs/", nfs.nfs_settings, name="nfs-configure"),
    path("c/<slug:slug>/forget/", forget.cluster_forget, name="cluster-forget"),
    path("c/<slug:slug>/mend/", mend.cluster_mend, name="cluster-mend"),
    path("c/<slug:slug>/jobs/", jobs_list.cluster_jobs, name="cluster-jobs"),
    path("c/<slug:slug>/simulation/", simulation.simulation, name="simulation"),
    path("jobs/", jobs_list.jobs_list, name="jobs"),
    path("jobs/<int:pk>/", job.job, name="job"),
    path("jobs/<int:pk>/approve/", job.approve, name="job-approve"),
    path("jobs/<int:pk>/cancel/", job.cancel, name="job-cancel"),
    path("jobs/<int:pk>/acknowledge/", job.acknowledge, name="job-acknowledge"),
    path("jobs/<int:pk>/again/", job.plan_again, name="job-again"),
    path("jobs/<int:pk>/transcript/", job.transcript, name="job-transcript"),
    path("jobs/<int:pk>/steps/<int:number>/<int:position>/", job.output, name="job-output"),
    path("panel/parts/", jobs_list.panel_parts, name="panel-parts"),
]
